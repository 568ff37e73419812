"""Laws: the tables against exact mathematics, and the generators that draw from them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import stats

from sdgen.generators.numbers import quantile_tables
from sdgen.generators.numbers.quantile_tables import QuantileTable, poisson, zipf, zipf_ranks
from sdgen.generators.registry import make
from sdgen.generators.streams import draw
from tests.generators.fake import facts, fill
from tests.generators.splits import assert_family_documented, assert_split_free, faulty

TABLES = {
    "normal": (quantile_tables.normal_table(), stats.norm()),
    "exponential": (quantile_tables.exponential_table(), stats.expon()),
    "lognormal": (quantile_tables.lognormal_table(0.6), stats.lognorm(0.6)),
}


def words(count: int, key: int = 5) -> np.ndarray:
    return draw(key, np.arange(count, dtype=np.int64))


def sample(name: str, params: dict[str, Any], rows: int = 100_000, type: str = "") -> np.ndarray:
    return np.asarray(fill(name, params, rows, type))


@pytest.fixture(params=TABLES)
def law(request: pytest.FixtureRequest) -> tuple[QuantileTable, Any]:
    return TABLES[request.param]


def test_examples_and_descriptions() -> None:
    assert_family_documented("numbers.distributions")
    assert_family_documented("numbers.ranges")


def test_a_table_is_near_the_exact_quantiles(law: tuple[QuantileTable, Any]) -> None:
    table, exact = law
    tails = np.concatenate([np.linspace(2e-4, 0.5, 20_001), np.logspace(-15.5, -4, 2000)])
    chances = 1 - tails
    lower, upper = exact.ppf(tails), exact.isf(1 - chances)
    assert np.max(np.abs(table.at(tails) - lower) / np.maximum(1, np.abs(lower))) < 2e-5
    assert np.max(np.abs(table.at(chances) - upper) / np.maximum(1, np.abs(upper))) < 2e-5


def test_a_table_s_probability_is_its_inverse(law: tuple[QuantileTable, Any]) -> None:
    table, exact = law
    for chance in (2.0**-53, 1e-9, 0.01, 0.3, 0.5, 0.75, 0.999, 1 - 2.0**-53):
        value = float(table.at(np.array([chance]))[0])
        assert table.probability(value) == pytest.approx(chance, rel=1e-6, abs=1e-15)
    assert table.probability(1.234) == pytest.approx(exact.cdf(1.234), abs=1e-5)
    assert table.probability(-np.inf) == 2.0**-53
    assert table.probability(np.inf) == 1 - 2.0**-53


def test_a_table_rises(law: tuple[QuantileTable, Any]) -> None:
    ends = [2.0**-53, 0.5, np.nextafter(0.5, 0), np.nextafter(0.5, 1), 1 - 2.0**-53]
    chances = np.unique(np.concatenate([np.linspace(0.0001, 0.9999, 9999), np.logspace(-15, -4, 999), ends]))
    assert np.all(np.diff(law[0].at(chances)) > 0)


def test_draws_follow_the_law(law: tuple[QuantileTable, Any]) -> None:
    table, exact = law
    assert stats.kstest(table.draw(words(400_000)), exact.cdf).pvalue > 1e-4


def test_truncated_draws_follow_the_truncated_law(law: tuple[QuantileTable, Any]) -> None:
    table, exact = law
    values = table.draw(words(200_000), 0.4, 1.1)
    assert values.min() >= 0.4 - 1e-9
    assert values.max() <= 1.1 + 1e-9
    low, high = exact.cdf(0.4), exact.cdf(1.1)
    assert stats.kstest(values, lambda value: (exact.cdf(value) - low) / (high - low)).pvalue > 1e-4


def test_entries_have_twelve_digits(law: tuple[QuantileTable, Any]) -> None:
    assert all(float(f"{point:.11e}") == point for point in law[0].points)


@pytest.mark.parametrize("mean", [0.05, 0.9, 1.0, 4.2, 63.0, 5000.5, 1e6])
def test_poisson_probabilities_are_exact(mean: float) -> None:
    made = poisson(mean)
    counts = made.first + np.arange(len(made.table.aliases))
    assert held_shares(made.table) == pytest.approx(stats.poisson(mean).pmf(counts), abs=1e-9)
    assert stats.poisson(mean).cdf(counts[0] - 1) < 1e-12
    assert stats.poisson(mean).sf(counts[-1]) < 1e-12


def held_shares(table: Any) -> np.ndarray:
    size = len(table.aliases)
    keeps = table.thresholds.astype(np.float64) / 2.0**32
    return (keeps + np.bincount(table.aliases, weights=1 - keeps, minlength=size)) / size


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 1.5, 3.0])
@pytest.mark.parametrize("size", [1, 2, 100, 1024, 1025, 9_000])
def test_zipf_probabilities(size: int, exponent: float) -> None:
    made = zipf(size, exponent)
    exact = np.arange(1, size + 1, dtype=float) ** -exponent
    exact /= exact.sum()
    widths = made.widths.astype(np.int64)
    assert widths.sum() == size
    assert made.starts.tolist() == [0, *np.cumsum(widths)[:-1]]
    shares = held_shares(made.table)
    assert shares == pytest.approx(np.add.reduceat(exact, made.starts), abs=2.0**-31)
    spread = np.repeat(shares / widths, widths)
    assert spread[:1024] == pytest.approx(exact[:1024], abs=2.0**-31)
    assert spread == pytest.approx(exact, rel=0.01 * exponent + 1e-6, abs=2.0**-31)


@pytest.mark.parametrize("size", [3000, 10**6, 10**12, 1 << 62])
@pytest.mark.parametrize("exponent", [0.0, 1.0, 1.2])
def test_zipf_ranks_of_any_size(size: int, exponent: float) -> None:
    ranks = zipf_ranks(words(100_000), size, exponent)
    assert ranks.min() >= 0
    assert ranks.max() < size
    if exponent == 0:
        assert stats.kstest((ranks + 0.5) / size, "uniform").pvalue > 1e-4
    elif exponent == 1.0:
        harmonic = np.log(size) + np.euler_gamma
        assert np.mean(ranks == 0) == pytest.approx(1 / harmonic, abs=0.006)
        assert np.mean(ranks < 1000) == pytest.approx((np.log(1000) + np.euler_gamma) / harmonic, abs=0.01)


def test_zipf_follows_the_exact_law() -> None:
    size, rows = 5000, 200_000
    counts = np.bincount(zipf_ranks(words(rows), size, 1.0), minlength=size)
    exact = 1 / np.arange(1, size + 1)
    exact *= rows / exact.sum()
    ends = [*range(1, 600), 700, 800, 900, 1000, 1300, 1700, 2200, 3000, 4000]
    pvalue = stats.chisquare(np.add.reduceat(counts, [0, *ends]), np.add.reduceat(exact, [0, *ends])).pvalue
    assert pvalue > 1e-4


@pytest.mark.parametrize("size", [0, -4, (1 << 62) + 1])
def test_zipf_of_no_or_too_many_ranks_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="ranks"):
        zipf(size, 1.0)


SPLITS: list[tuple[str, dict[str, Any], str]] = [
    ("normal", {"mean": 5, "std": 2}, ""),
    ("normal", {"mean": 5, "std": 2, "min": 4, "precision": 1}, ""),
    ("lognormal", {"median": 40, "min": 5, "max": 900, "scale": 2}, ""),
    ("lognormal", {"median": 40}, "decimal(12,3)"),
    ("exponential", {"mean": 3}, ""),
    ("poisson", {"mean": 3.3}, ""),
    ("zipf", {"size": 100_000}, ""),
    ("ranges", {"ranges": [{"min": 1, "max": 5, "weight": 2}, {"min": 0.5, "max": 9}]}, ""),
    ("ranges", {"ranges": [{"min": 1, "max": 500}, {"min": 600, "max": 900}]}, ""),
]


@pytest.mark.parametrize(("name", "params", "type"), SPLITS)
def test_any_split_gives_the_same_cells(name: str, params: dict[str, Any], type: str) -> None:
    assert_split_free(name, params, type)


def test_normal_moments_and_shape() -> None:
    cells = sample("normal", {"mean": 20, "std": 4})
    assert stats.kstest(cells, stats.norm(20, 4).cdf).pvalue > 1e-4
    assert cells.mean() == pytest.approx(20, abs=0.07)
    assert cells.std() == pytest.approx(4, abs=0.06)


def test_truncation_makes_no_spike_at_the_bounds() -> None:
    cells = sample("normal", {"mean": 0, "std": 1, "min": -0.5, "max": 2})
    exact = stats.truncnorm(-0.5, 2)
    assert stats.kstest(cells, exact.cdf).pvalue > 1e-4
    assert len(np.unique(cells)) == len(cells)
    whole = sample("normal", {"mean": 50, "std": 30, "min": 18, "max": 90}, type="int")
    counts = np.bincount(whole)[18:]
    assert len(counts) == 73
    assert 0.8 < counts[0] / counts[1] < 1.25
    assert 0.8 < counts[-1] / counts[-2] < 1.25


def test_a_far_tail_keeps_its_shape() -> None:
    cells = sample("normal", {"mean": 0, "std": 1, "min": 4}, 20_000)
    assert stats.kstest(cells, stats.truncnorm(4, np.inf).cdf).pvalue > 1e-4


def test_lognormal_median_and_shape() -> None:
    cells = sample("lognormal", {"median": 40, "sigma": 0.8})
    assert stats.kstest(cells, stats.lognorm(0.8, scale=40).cdf).pvalue > 1e-4
    assert np.median(cells) == pytest.approx(40, rel=0.015)


def test_lognormal_with_a_scale_makes_decimals() -> None:
    made = fill("lognormal", {"median": 40, "min": 5, "max": 900, "scale": 2}, 5000)
    assert str(made.type) == "decimal128(10, 2)"
    assert all(5 <= cell <= 900 for cell in made.to_pylist())
    assert str(make("lognormal", {"median": 1e9, "scale": 2}).natural()) == "decimal(14,2)"


def test_exponential_shape() -> None:
    cells = sample("exponential", {"mean": 90})
    assert stats.kstest(cells, stats.expon(scale=90).cdf).pvalue > 1e-4
    assert cells.min() > 0


def test_decimal_and_whole_columns_set_the_places() -> None:
    assert str(fill("normal", {"mean": 5}, 3, "decimal(9,3)").type) == "decimal128(9, 3)"
    assert str(fill("exponential", {}, 3, "bigint").type) == "int64"
    assert all(cell == round(cell, 2) for cell in sample("exponential", {"precision": 2}, 1000))


def test_poisson_counts() -> None:
    cells = sample("poisson", {"mean": 3.5})
    most = cells.max()
    exact = stats.poisson(3.5).pmf(np.arange(most)) * len(cells)
    observed = np.bincount(cells)[:most].astype(float)
    keep = exact > 5
    assert stats.chisquare(observed[keep], exact[keep] * observed[keep].sum() / exact[keep].sum()).pvalue > 1e-4
    assert sample("poisson", {"mean": 3.5, "max": 4}).max() == 4


def test_zipf_numbers() -> None:
    cells = sample("zipf", {"size": 50, "exponent": 1})
    assert (cells.min(), cells.max()) == (1, 50)
    assert np.argmax(np.bincount(cells)) == 1
    assert sample("zipf", {"min": -3, "max": 3}).min() == -3
    assert sorted(fill("zipf", {"size": 500}, 500, unique=True).to_pylist()) == list(range(1, 501))


def test_ranges_follow_weights_and_are_even_inside() -> None:
    params = {"ranges": [{"min": 300, "max": 349, "weight": 16}, {"min": 580, "max": 619, "weight": 84}]}
    cells = sample("ranges", params)
    assert np.mean(cells < 500) == pytest.approx(0.16, abs=0.006)
    assert stats.chisquare(np.bincount(cells[cells < 500])[300:]).pvalue > 1e-4
    assert stats.chisquare(np.bincount(cells[cells > 500])[580:]).pvalue > 1e-4
    assert sorted(np.unique(cells)) == [*range(300, 350), *range(580, 620)]


def test_ranges_with_places() -> None:
    params = {"ranges": [{"min": 3.5, "max": 4, "weight": 1}, {"min": 9, "max": 9.25, "weight": 0}], "precision": 2}
    cells = sample("ranges", params, 5000)
    assert sorted(np.unique(cells)) == pytest.approx([(350 + step) / 100 for step in range(51)])
    assert str(fill("ranges", params, 3, "decimal(6,2)").type) == "decimal128(6, 2)"
    loose = sample("ranges", {"ranges": [{"min": 3.5, "max": 4}]}, 5000)
    assert stats.kstest(loose, stats.uniform(3.5, 0.5).cdf).pvalue > 1e-4


@settings(deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.floats(-3, 3), st.floats(0.01, 3), st.integers(0, 4) | st.none())
def test_normal_stays_in_bounds(mean: float, std: float, start: float, width: float, places: int | None) -> None:
    low, high = mean + start * std, mean + (start + width) * std
    params = {"mean": mean, "std": std, "min": low, "max": high, "precision": places}
    if places is not None and high - low < 2 / 10**places:
        return
    cells = sample("normal", params, 200)
    assert cells.min() >= low
    assert cells.max() <= high


@pytest.mark.parametrize(
    ("name", "params", "type", "param"),
    [
        ("normal", {"min": 3, "max": 2}, "", "min"),
        ("normal", {"min": 9}, "", "min"),
        ("normal", {"max": -40}, "", "max"),
        ("normal", {"mean": 20, "std": 5}, "uint", "min"),
        ("normal", {"mean": 0, "std": 1e6, "precision": 12}, "", "precision"),
        ("normal", {"precision": 2}, "int", "precision"),
        ("lognormal", {"median": 5000}, "decimal(6,2)", "max"),
        ("lognormal", {"median": 5, "max": -1}, "", "max"),
        ("exponential", {"mean": 5, "max": 0}, "", "max"),
        ("poisson", {"mean": 1000, "max": 3}, "", "max"),
        ("poisson", {"mean": 1000}, "tinyint", "max"),
        ("zipf", {}, "", "size"),
        ("zipf", {"size": 3, "max": 3}, "", "size"),
        ("zipf", {"min": 4, "max": 3}, "", "min"),
        ("zipf", {"min": -(1 << 62), "max": 1 << 62}, "", "max"),
        ("zipf", {"size": 300}, "tinyint", "max"),
        ("ranges", {"ranges": [{"min": 5, "max": 3}]}, "", "ranges"),
        ("ranges", {"ranges": [{"min": 5, "max": 6, "weight": 0}]}, "", "ranges"),
        ("ranges", {"ranges": [{"min": 5, "max": 600}]}, "tinyint", "ranges"),
        ("ranges", {"ranges": [{"min": 0.2, "max": 0.3}]}, "int", "ranges"),
    ],
)
def test_wrong_params_are_faults(name: str, params: dict[str, Any], type: str, param: str) -> None:
    assert faulty(name, params, type) == [param]


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("normal", {"std": 0}),
        ("normal", {"std": -1}),
        ("normal", {"mean": "x"}),
        ("lognormal", {"median": 0}),
        ("lognormal", {}),
        ("exponential", {"mean": -1}),
        ("poisson", {"mean": 1e9}),
        ("zipf", {"size": 0}),
        ("ranges", {"ranges": []}),
        ("ranges", {"ranges": [{"min": 1, "max": 2, "weight": -1}]}),
        ("ranges", {"ranges": [{"min": 1, "max": 2, "wieght": 1}]}),
    ],
)
def test_params_of_the_wrong_type_are_refused(name: str, params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make(name, params)


def test_laws_without_a_domain_can_not_be_unique() -> None:
    for name, params in (("normal", {}), ("exponential", {}), ("lognormal", {"median": 1}), ("poisson", {"mean": 1})):
        generator = make(name, params)
        assert generator.capacity(facts(generator)) is None
