"""The laws of the test figures against a library's, and the tests on samples whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import kolmogorov

from sdgen.verification.statistics import (
    chi_square_tail,
    f_tail,
    homogeneity,
    kolmogorov_smirnov,
    kolmogorov_tail,
    p_among,
)


@pytest.mark.parametrize("freedom", [1, 2, 3, 7, 30, 250, 5000])
@pytest.mark.parametrize("share", [0.01, 0.3, 0.9, 1.0, 1.2, 2.0, 5.0, 40.0])
def test_chi_square(freedom: int, share: float) -> None:
    figure = freedom * share
    assert chi_square_tail(figure, freedom) == pytest.approx(stats.chi2.sf(figure, freedom), rel=1e-9, abs=1e-290)


@pytest.mark.parametrize("figure", [0.01, 0.2, 0.5, 0.9, 1.0999, 1.1, 1.36, 2.0, 4.0, 12.0])
def test_kolmogorov(figure: float) -> None:
    assert kolmogorov_tail(figure) == pytest.approx(kolmogorov(figure), rel=1e-9, abs=1e-15)


@pytest.mark.parametrize(("above", "below"), [(1, 20), (1, 3), (4, 20), (30, 7)])
@pytest.mark.parametrize("figure", [0.01, 0.5, 1.0, 3.0, 33.0, 900.0])
def test_f(figure: float, above: int, below: int) -> None:
    assert f_tail(figure, above, below) == pytest.approx(stats.f.sf(figure, above, below), rel=1e-9, abs=1e-14)


def test_nothing_exceeds_less_than_zero_and_everything_is_finite() -> None:
    assert chi_square_tail(0, 3) == kolmogorov_tail(0) == f_tail(0, 1, 2) == 1
    assert chi_square_tail(1e9, 3) == kolmogorov_tail(1e3) == 0


def test_two_samples_against_a_library() -> None:
    random = np.random.default_rng(1)
    first, second = random.normal(size=700), random.normal(0.1, size=900)
    found, wanted = kolmogorov_smirnov(first, second), stats.ks_2samp(first, second, method="asymp")
    assert found is not None
    assert found.figure == pytest.approx(wanted.statistic)
    assert found.p == pytest.approx(wanted.pvalue, rel=0.1)
    counts = np.array([[50, 30, 20], [70, 20, 45]])
    table, wanted = homogeneity(*counts), stats.chi2_contingency(counts, correction=False)
    assert table is not None
    assert (table.figure, table.p) == pytest.approx((wanted.statistic, wanted.pvalue))


def test_rare_categories_are_pooled() -> None:
    first, second = np.array([90, 1, 2, 1, 6]), np.array([80, 2, 1, 3, 14])
    pooled, wanted = homogeneity(first, second), homogeneity(np.array([90, 10]), np.array([80, 20]))
    assert pooled is not None
    assert wanted is not None
    assert pooled.inflation != wanted.inflation  # 20 of the last one are enough to stand alone, the rest joins them
    assert homogeneity(np.array([3, 1]), np.array([2, 2])) is None
    assert homogeneity(np.array([0, 0]), np.array([50, 50])) is None
    assert kolmogorov_smirnov(np.array([]), np.array([1.0])) is None


def test_p_values_of_equal_laws_are_uniform() -> None:
    random = np.random.default_rng(2)
    found = [kolmogorov_smirnov(random.random(300), random.random(400)) for _ in range(400)]
    tables = [homogeneity(*random.multinomial(300, [0.5, 0.3, 0.2], size=2)) for _ in range(400)]
    for outcomes in (found, tables):
        p = [outcome.p for outcome in outcomes if outcome is not None]
        assert stats.kstest(p, "uniform").pvalue > 1e-4
        inflations = [outcome.inflation for outcome in outcomes if outcome is not None]
        assert np.mean(inflations) == pytest.approx(1, abs=0.15)


def test_a_figure_among_others_that_spread_as_far_is_no_news() -> None:
    assert p_among(50.0, [40.0, 60.0, 55.0, 45.0] * 5) > 0.2
    assert p_among(50.0, [1.0, 0.5, 1.5, 1.0] * 5) < 1e-5
    assert p_among(0.0, [0.0] * 5) == 1
    assert p_among(1.0, [0.0] * 5) == 0
