"""An OpenID Connect provider over real HTTP on loopback, which signs with real keys. It runs in a thread of its own.

with IdentityProvider() as provider: ... provider.issuer ... provider.person = {...}
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.fakes.certificates import ADDRESS

CLIENT_ID = "mailprobe: tests"
CLIENT_SECRET = "s3cret + %&=: text"
_PATIENCE_SECONDS = 30.0


class Grant(NamedTuple):
    """What a code stands for."""

    query: dict[str, str]
    claims: dict[str, Any]


class IdentityProvider:
    """`person` are the claims of whoever logs in next. `spoil` may change the claims of an ID token, `sign` makes the
    token itself. `userinfo` is what its user information says, None is not to have any.
    """

    def __init__(self) -> None:
        self.person: dict[str, Any] = {}
        self.spoil: Callable[[dict[str, Any]], None] = lambda _claims: None
        self.sign: Callable[[dict[str, Any]], str] = self.signed
        self.userinfo: dict[str, Any] | None = None
        self.auth_methods = ["client_secret_basic", "client_secret_post"]
        self.client_secret: str | None = CLIENT_SECRET
        self.metadata: dict[str, Any] = {}
        """What its discovery document says besides, or instead."""
        self.requests: list[str] = []
        self.bodies: list[str] = []
        """Everything that it has received and answered as a body."""
        self.use_new_key()
        self._grants: dict[str, Grant] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider._answer(self, b"")

            def do_POST(self) -> None:
                provider._answer(self, self.rfile.read(int(self.headers.get("Content-Length") or 0)))

            def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
                """Log nothing: the test reads `requests`."""

        self._server = ThreadingHTTPServer((ADDRESS, 0), Handler)
        self._server.daemon_threads = True
        self.issuer = f"http://{ADDRESS}:{self._server.server_address[1]}/realms/test"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="identity-provider"
        )

    def use_new_key(self) -> None:
        self.key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)

    def signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    def signed_by_a_stranger(self, claims: dict[str, Any]) -> str:
        """With the name of the right key."""
        stranger = RSAKey.generate_key(2048)
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, stranger)

    def signed_with_the_public_key(self, claims: dict[str, Any]) -> str:
        """As HS256, with what everybody knows as its secret. The library refuses to make such a token."""
        unsigned = _unsigned({"alg": "HS256", "typ": "JWT", "kid": self.key.kid}, claims)
        secret = self.key.as_pem(private=False)
        return f"{unsigned}.{_url64(hmac.digest(secret, unsigned.encode(), 'sha256'))}"

    def not_signed(self, claims: dict[str, Any]) -> str:
        return f"{_unsigned({'alg': 'none'}, claims)}."

    def log_in(self, url: str) -> str:
        """What the person's browser does at the provider: where it is sent back to."""
        parts = urlsplit(url)
        assert url.startswith(f"{self.issuer}/authorize?"), url
        query = {name: values[0] for name, values in parse_qs(parts.query, strict_parsing=True).items()}
        assert query["client_id"] == CLIENT_ID
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self._grants[code] = Grant(query, dict(self.person))
        back = {"code": code, "state": query["state"], "iss": self.issuer}
        return f"{query['redirect_uri']}?{urlencode(back)}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join(_PATIENCE_SECONDS)
        self._server.server_close()

    def _answer(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        path = request.path.removeprefix("/realms/test")
        self.requests.append(path)
        self.bodies.append(body.decode())
        status, answer = 200, {}
        match path:
            case "/.well-known/openid-configuration":
                answer = self._discovery()
            case "/keys":
                unknown = {"kty": "post-quantum", "kid": "later"}
                answer = {"keys": [unknown, self.key.as_dict(private=False)]}
            case "/token":
                status, answer = self._token(request.headers.get("Authorization", ""), body.decode())
            case "/userinfo" if request.headers.get("Authorization") == "Bearer an access token":
                answer = self.userinfo or {}
            case _:
                status, answer = 404, {"error": "not_found"}
        text = json.dumps(answer)
        self.bodies.append(text)
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(text)))
        request.end_headers()
        request.wfile.write(text.encode())

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "token_endpoint_auth_methods_supported": self.auth_methods,
            "authorization_response_iss_parameter_supported": True,
            **({"userinfo_endpoint": f"{self.issuer}/userinfo"} if self.userinfo is not None else {}),
            **self.metadata,
        }

    def _token(self, authorization: str, body: str) -> tuple[int, dict[str, Any]]:
        form = {name: values[0] for name, values in parse_qs(body, strict_parsing=True).items()}
        if not self._is_client(authorization, form):
            return 401, {"error": "invalid_client"}
        grant = self._grants.pop(form.get("code", ""), None)
        if grant is None or form.get("redirect_uri") != grant.query["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        challenge = _url64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if challenge != grant.query["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": grant.query["nonce"],
            **grant.claims,
        }
        self.spoil(claims)
        return 200, {"token_type": "Bearer", "access_token": "an access token", "id_token": self.sign(claims)}

    def _is_client(self, authorization: str, form: dict[str, str]) -> bool:
        if self.client_secret is None:
            return form.get("client_id") == CLIENT_ID and not authorization
        if "client_secret_basic" in self.auth_methods:
            given = base64.b64decode(authorization.removeprefix("Basic ")).decode()
            return [unquote(part) for part in given.split(":")] == [CLIENT_ID, self.client_secret]
        return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, self.client_secret)


def _unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return ".".join(_url64(json.dumps(part).encode()) for part in (header, claims))


def _url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
