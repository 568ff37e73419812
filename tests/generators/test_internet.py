"""The internet: only names and addresses that nobody has."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network

import pytest

from sdgen.generators.registry import make
from tests.generators.fake import facts, fill
from tests.generators.families import check_class, check_rows, family_names, plain

NAMES = family_names("codes.internet")
NOBODYS = r"(example\.(com|org|net)|.+\.(example|test)|.+\.example\.(com|org|net))"


@pytest.mark.parametrize("name", NAMES)
def test_cells_depend_on_row_numbers_alone(name: str) -> None:
    check_rows(name)
    check_class(name)


def test_hosts_are_reserved() -> None:
    assert all(re.fullmatch(NOBODYS, host) for host in plain(fill("internet.domain_name")))
    assert all(re.fullmatch(NOBODYS, url.split("/")[2]) for url in plain(fill("internet.url")))


@pytest.mark.parametrize(
    ("kind", "networks"),
    [("private", ["10.0.0.0/8"]), ("documentation", ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"])],
)
def test_addresses_are_of_their_range(kind: str, networks: list[str]) -> None:
    nets = [ip_network(network) for network in networks]
    found = [ip_address(address) for address in plain(fill("internet.ipv4", {"range": kind}))]
    assert all(any(address in net for net in nets) for address in found)


def test_public_addresses_are_global() -> None:
    assert all(ip_address(address).is_global for address in plain(fill("internet.ipv4", {"range": "public"}, 5000)))


def test_small_ranges_are_listed_in_full() -> None:
    values = plain(fill("internet.ipv4", {"range": "documentation"}, 768, unique=True))
    assert len(set(values)) == 768
    assert make("internet.ipv4", {}).capacity(facts(make("internet.ipv4", {}))) == 1 << 24


def test_ipv6_is_canonical_and_for_documentation() -> None:
    for address in plain(fill("internet.ipv6")):
        assert ip_address(address) in ip_network("2001:db8::/32")
        assert str(ip_address(address)) == address


def test_macs_are_locally_administered() -> None:
    for address in plain(fill("internet.mac")):
        assert re.fullmatch(r"([0-9a-f]{2}:){5}[0-9a-f]{2}", address)
        assert int(address[:2], 16) & 3 == 2


@pytest.mark.parametrize("name", ["url", "domain_name", "slug", "ipv4", "ipv6", "mac", "password_hash"])
def test_names_can_be_unique(name: str) -> None:
    assert len(set(plain(fill(f"internet.{name}", rows=200_000, unique=True)))) == 200_000


@pytest.mark.parametrize("name", ["slug", "hashtag", "domain_name", "user_agent"])
def test_whole_domains_are_distinct(name: str) -> None:
    generator = make(f"internet.{name}", {})
    size = generator.capacity(facts(generator))
    assert size is not None
    if size < 1_000_000:
        assert len(set(plain(fill(f"internet.{name}", rows=size, unique=True)))) == size


def test_http_is_mostly_well() -> None:
    statuses, methods = (
        plain(fill("internet.http_status", rows=10_000)),
        plain(fill("internet.http_method", rows=10_000)),
    )
    assert statuses.count(200) > 7000
    assert methods.count("GET") > 6500
    assert all(1024 <= port <= 65_535 for port in plain(fill("internet.port")))


def test_hashes_look_like_bcrypt() -> None:
    assert all(re.fullmatch(r"\$2b\$12\$[./A-Za-z0-9]{53}", value) for value in plain(fill("internet.password_hash")))
