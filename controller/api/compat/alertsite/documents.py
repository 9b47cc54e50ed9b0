"""The error answers of AlertSite's routes for the OpenAPI document."""

from __future__ import annotations

from http import HTTPStatus

from litestar.openapi import ResponseSpec

from controller.http import openapi as documents
from controller.http.openapi import answers
from controller.http.problems import AlertSiteErrors

TAGS = ("AlertSite",)


def refusals(*, body: bool = False, token: bool = True, **texts: str) -> dict[int, ResponseSpec]:
    """The errors that every route can answer, and `texts` by status, as in `s400="invalid_request - …"`."""
    shared = documents.refusals(body=body, token=token, **texts)
    return {status: _errors(status, spec) for status, spec in shared.items()}


def _errors(status: int, spec: ResponseSpec) -> ResponseSpec:
    message = (spec.examples or [])[0].value or {}
    return answers(
        AlertSiteErrors, HTTPStatus(status).phrase, {"errors": [{"code": status, "message": message["message"]}]}
    )
