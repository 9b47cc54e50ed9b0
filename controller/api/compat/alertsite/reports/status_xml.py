"""The site status report as XML, in the form of AlertSite's XML API: a `Device` for each monitor and location."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from xml.etree import ElementTree as ET

from litestar import Response
from litestar.params import QueryParameter

from controller.api.compat.alertsite.monitors.kinds import KINDS
from controller.api.compat.alertsite.reports.xml import XML, Reporting, text_of, written
from controller.decisions.sitestatus import SiteStatus, status_of
from controller.errors import InvalidError
from controller.http.timestamps import timestamp
from controller.model import MonitorStatus
from controller.operations.monitors.sitestatus import MonitorReport

Switch = Literal["0", "1"]
EnabledOnly = Annotated[Switch | None, QueryParameter(name="enabledonly", description="1: without disabled monitors.")]
SitesOnly = Annotated[
    Switch | None, QueryParameter(name="sitesonly", description="1: sites only, which all monitors here are.")
]
TransactionsOnly = Annotated[Switch | None, QueryParameter(name="txnsonly", description="1: none that is here.")]
ServersOnly = Annotated[Switch | None, QueryParameter(name="serversonly", description="1: none that is here.")]
Subaccounts = Annotated[
    Switch | None, QueryParameter(name="showsubaccounts", description="An account has no subaccounts here.")
]


@dataclass
class ReportingStatus(Reporting):
    """The same for a report in another form of XML."""

    def xml(self, example: Any) -> str:
        [shown] = example["results"]
        [here] = shown["locations"]
        fields = _fields(shown["device_id"], shown["device_name"], True, here["id"], here["name"])
        return _document([fields | _status(here["last_status"], here["dt_last_status"])]).decode()


def kinds_shown(sites: str | None, transactions: str | None, servers: str | None) -> tuple[str, ...]:
    """Raises InvalidError where more than one is chosen."""
    chosen = [one for one in (sites, transactions, servers) if one == "1"]
    if len(chosen) > 1:
        raise InvalidError("sitesonly", "must not be sent together with txnsonly or serversonly")
    return () if chosen and sites != "1" else tuple(KINDS.values())


def status_answer(reports: Iterable[MonitorReport], only: str | None) -> Response[bytes]:
    """With `only` ok or err those locations whose last check was so."""
    rows = [
        _fields(one.monitor.id, one.monitor.name, one.monitor.status is not MonitorStatus.DISABLED, here.id, here.name)
        | _status(str(status_of(check).value), timestamp(check.checked_at or check.due_at))
        for one in reports
        for here, check in one.checks
        if only is None or (only == "ok") is (status_of(check) is SiteStatus.OK)
    ]
    return Response(_document(rows), media_type=XML)


def _fields(device: int, name: str, enabled: bool, location: int, place: str) -> dict[str, Any]:
    return {
        "ObjDevice": device,
        "Descrip": name,
        "ObjLocation": location,
        "Location": place,
        "Monitor": "y" if enabled else "n",
    }


def _status(status: str, at: str) -> dict[str, Any]:
    """The time of an error before the last check is not kept by location."""
    failed = status != str(SiteStatus.OK.value)
    return {"LastStatus": status, "DtLastStatus": at, "DtLastError": at if failed else None}


def _document(rows: Iterable[Mapping[str, Any]]) -> bytes:
    root = ET.Element("Response")
    ET.SubElement(root, "Status").text = "0"
    ET.SubElement(root, "Message").text = "No errors."
    devices = ET.SubElement(root, "DeviceStatuses")
    for fields in rows:
        device = ET.SubElement(devices, "Device")
        for name, value in fields.items():
            ET.SubElement(device, name).text = text_of(value)
    return written(root)
