"""A browser without scripts: it keeps cookies, reads pages, follows redirects and submits forms."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from controller.model import Role
from tests.integration.api.conftest import Api, client_of
from tests.integration.api.people import Person, organization_of, person

_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})
ACCEPT = "text/html,application/xhtml+xml,*/*;q=0.8"
FRAGMENT = "text/html; fragment"


class Element:
    """An element with its children. `text` is what it shows, with single spaces."""

    def __init__(self, name: str, attributes: dict[str, str], parent: Element | None) -> None:
        self.name = name
        self.attributes = attributes
        self.parent = parent
        self.children: list[Element | str] = []

    @property
    def text(self) -> str:
        return " ".join("".join(self._texts()).split())

    def _texts(self) -> list[str]:
        texts: list[str] = []
        for child in self.children:
            texts += [child] if isinstance(child, str) else [" ", *child._texts(), " "]
        return texts

    def all(self, name: str = "", **attributes: str) -> list[Element]:
        """The elements below with this name and these attributes; `class_` means that it has this class."""
        found = []
        for child in self.children:
            if isinstance(child, Element):
                if (not name or child.name == name) and child.has(attributes):
                    found.append(child)
                found += child.all(name, **attributes)
        return found

    def one(self, name: str = "", **attributes: str) -> Element:
        """Exactly one such element."""
        found = self.all(name, **attributes)
        assert len(found) == 1, (name, attributes, [each.text for each in found])
        return found[0]

    def has(self, attributes: dict[str, str]) -> bool:
        for name, value in attributes.items():
            own = self.attributes.get(name.rstrip("_").replace("_", "-"))
            if own is None or (value not in own.split() if name == "class_" else value != own):
                return False
        return True


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = self._open = Element("", {}, None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self._open)
        self._open.children.append(element)
        if tag not in _VOID:
            self._open = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        at: Element | None = self._open
        while at is not None and at.name != tag:
            at = at.parent
        if at is not None and at.parent is not None:
            self._open = at.parent

    def handle_data(self, data: str) -> None:
        if self._open.name not in {"script", "style"}:
            self._open.children.append(data)


class Form:
    """A form as a browser would send it: `fields` hold what is filled in, checked or hidden."""

    def __init__(self, element: Element) -> None:
        self.element = element
        self.method = element.attributes.get("method", "get").lower()
        self.action = element.attributes.get("action", "")
        self.fields: dict[str, list[str]] = {}
        self.buttons = [each.text for each in element.all("button")]
        for each in element.all():
            self._read(each)

    @property
    def names(self) -> set[str]:
        """The names of all fields, filled in or not."""
        found = {
            each.attributes.get("name", "")
            for name in ("input", "select", "textarea", "button")
            for each in self.all(name)
        }
        return found - {""}

    def all(self, name: str) -> list[Element]:
        return self.element.all(name)

    def _read(self, element: Element) -> None:
        name, kind = element.attributes.get("name"), element.attributes.get("type", "text")
        if not name:
            return
        if element.name == "input" and (kind not in {"checkbox", "radio"} or "checked" in element.attributes):
            default = "on" if kind in {"checkbox", "radio"} else ""
            self.fields.setdefault(name, []).append(element.attributes.get("value", default))
        elif element.name == "textarea":
            text = "".join(child for child in element.children if isinstance(child, str))
            self.fields.setdefault(name, []).append(text.removeprefix("\n"))
        elif element.name == "select":
            options = element.all("option")
            chosen = [each for each in options if "selected" in each.attributes] or options[:1]
            self.fields.setdefault(name, []).extend(each.attributes.get("value", each.text) for each in chosen)


class Page:
    """An answer. `path` is where redirects ended, with its query."""

    def __init__(self, answer: httpx.Response) -> None:
        self.status = answer.status_code
        self.headers = answer.headers
        self.path = answer.request.url.raw_path.decode()
        self.location = answer.headers.get("location", "")
        self.html = answer.text
        reader = _Reader()
        reader.feed(answer.text)
        reader.close()
        self.root = reader.root

    @property
    def title(self) -> str:
        return self.root.one("title").text

    @property
    def main(self) -> Element:
        """The content without the frame. A fragment has no `main`; then it is all of it."""
        found = self.root.all("main")
        return found[0] if found else self.root

    @property
    def text(self) -> str:
        return self.main.text

    @property
    def headings(self) -> list[str]:
        return [each.text for each in self.main.all() if each.name in {"h1", "h2", "h3"}]

    @property
    def links(self) -> dict[str, str]:
        """Where each link leads, by its text."""
        return {each.text: each.attributes.get("href", "") for each in self.root.all("a")}

    @property
    def forms(self) -> list[Form]:
        return [Form(each) for each in self.root.all("form")]

    def form(self, action: str) -> Form:
        """The form that is sent there."""
        found = [form for form in self.forms if urlsplit(form.action).path == action]
        assert len(found) == 1, (action, [form.action for form in self.forms])
        return found[0]

    def id(self, identifier: str) -> Element:
        """The element with this id."""
        return self.root.one(id=identifier)

    def tables(self) -> list[list[list[str]]]:
        """Each table as rows of texts."""
        return [
            [
                [cell.text for cell in row.children if isinstance(cell, Element) and cell.name in {"th", "td"}]
                for row in table.all("tr")
            ]
            for table in self.main.all("table")
        ]


class Browser:
    """A browser with cookies of its own. Paths are of this application."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def open(self, path: str, *, follow: bool = True, accept: str = ACCEPT, **headers: str) -> Page:
        answer = await self.client.get(path, headers={"Accept": accept, **_dashed(headers)}, follow_redirects=follow)
        return Page(answer)

    async def post(self, path: str, *, follow: bool = True, **fields: str) -> Page:
        """Send a form that no page has, with a right token."""
        page = await self.open("/account")
        token = page.form("/logout").fields["_csrf_token"]
        headers = {"Accept": ACCEPT, "Sec-Fetch-Site": "same-origin"}
        data = {"_csrf_token": token, **fields}
        return Page(await self.client.post(path, data=data, headers=headers, follow_redirects=follow))

    async def submit(
        self, page: Page, action: str, *, follow: bool = True, headers: dict[str, str] | None = None, **values: Any
    ) -> Page:
        """Fill in a form of the page and send it, as a browser does."""
        form = page.form(action)
        unknown = values.keys() - form.names
        assert not unknown, (unknown, form.names)
        fields = {**form.fields, **values}
        sent = {"Accept": ACCEPT, "Sec-Fetch-Site": "same-origin", **(headers or {})}
        target = urljoin(page.path, form.action)
        if form.method == "get":
            answer = await self.client.get(target, params=fields, headers=sent, follow_redirects=follow)
        else:
            answer = await self.client.post(target, data=fields, headers=sent, follow_redirects=follow)
        return Page(answer)


@asynccontextmanager
async def browsing(api: Api, who: Person | None = None) -> AsyncIterator[Browser]:
    """A browser in which this person is logged in; nobody without a person."""
    async with client_of(api.application) as client:
        if who is not None:
            name, _, value = who.headers["Cookie"].partition("=")
            client.cookies.set(name, value, domain="mailprobe.test")
        yield Browser(client)


@asynccontextmanager
async def browsing_as(
    api: Api, role: Role, *, organization: str = "Ours", customers: list[int] | None = None
) -> AsyncIterator[Browser]:
    """A browser in which a new person of this role is logged in."""
    number = await organization_of(api, organization)
    async with browsing(api, await person(api, role, organization=number, customers=customers)) as browser:
        yield browser


def _dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
