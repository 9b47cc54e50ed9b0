"""What `make run` needs of the person's own token and password: nothing. What it says when they are lost."""

from __future__ import annotations

import shlex
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.system.product import Product


@contextmanager
def logged_in(product: Product) -> Iterator[httpx.Client]:
    """A client with the administrator's session."""
    record = product.record
    login = {"email": record["adminEmail"], "password": record["adminPassword"]}
    with httpx.Client(base_url=record["apiUrl"], headers={"Origin": record["apiUrl"]}, trust_env=False) as client:
        assert client.post("/api/session", json=login).status_code == 200
        yield client


def last_start(product: Product) -> str:
    return product.output().rpartition("Mailprobe runs; ")[2]


def test_it_starts_with_a_token_of_its_own_whatever_becomes_of_the_persons(new_product: Product) -> None:
    product = new_product
    product.countries = "DE"
    product.settings = {"MAILPROBE_RATE_LIMIT": "7"}
    product.start()
    kept = product.data / "machine-token"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    first = kept.read_text()
    machine = {"Authorization": f"Bearer {first.strip()}"}
    answer = product.api.get("/api/locations")
    assert answer.headers["X-RateLimit-Remaining"] == "6", "the start took none of the person's requests"
    for _ in range(9):
        answer = product.api.get("/api/locations", headers=machine)
        assert (answer.status_code, answer.headers.get("X-RateLimit-Remaining")) == (200, None)
    assert product.api.get("/api/audit", headers=machine).status_code in {403, 404}
    assert product.api.get("/metrics", headers=machine).status_code == 403
    assert product.api.get("/api/customers", headers=machine).json() == []

    with logged_in(product) as admin:
        listed = {token["name"]: token["id"] for token in admin.get("/api/organization/tokens").json()}
        own = next(name for name in listed if name.startswith("machine token of "))
        assert own.endswith(str(kept))
        assert set(listed) == {"bootstrap", own}
        for number in listed.values():
            assert admin.delete(f"/api/organization/tokens/{number}").status_code == 200
    product.stop()
    (product.data / "password").unlink()

    product.start()
    record = product.record
    assert (record["token"] is not None, record["adminPassword"]) == (True, None)
    second = kept.read_text()
    assert second != first
    said = last_start(product)
    assert "was revoked or has expired; make another in its place:" in said
    assert f"{product.data / 'password'} is gone; the link below logs you in" in said
    remedy = next(line for line in said.splitlines() if "tokens add" in line)
    setting, program, *words = shlex.split(remedy)
    assert setting == f"MAILPROBE_DATABASE_URL={record['databaseUrl']}"
    assert Path(program).exists()
    assert words[:6] == ["tokens", "add", "--user", "admin@localhost", "--name", "first"]
    subprocess.run(remedy, shell=True, check=True, capture_output=True, timeout=60)  # noqa: S602 - as a person pastes it
    fresh = {"Authorization": f"Bearer {(product.data / 'token').read_text().strip()}"}
    assert product.api.get("/api/customers", headers=fresh).status_code == 200
    product.stop()
