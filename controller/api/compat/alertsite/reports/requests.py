"""What every report is requested for: about whom, of which time, and in which form."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, Literal, NamedTuple, TypeAlias

from litestar.di import NamedDependency, Provide
from litestar.params import PathParameter, QueryParameter, SkipValidation

from controller.api.compat.alertsite.monitors.kinds import KINDS
from controller.api.compat.alertsite.monitors.queries import number_of, numbers_of
from controller.api.compat.alertsite.reports.periods import NAMES
from controller.api.compat.alertsite.reports.times import report_time
from controller.errors import InvalidError
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations import period_reports
from controller.operations.accounts.organizations import time_zone_of
from controller.operations.period_reports import Reported, ReportTime
from shared.clock import utc_now

SHOWN = ("ok", "err")
Version = Annotated[
    Literal["1", "2"] | None,
    QueryParameter(name="api_version", description="1 or nothing is XML, 2 is JSON, unless format says otherwise."),
]
ShownRecords = Annotated[
    str | None,
    QueryParameter(
        name="showrecs",
        description="Only what is OK (ok), or what is not (err); empty: all.",
        schema_extra={"enum": [*SHOWN, ""]},
    ),
]
Form = Annotated[
    Literal["xml", "json", "XML", "JSON"] | None, QueryParameter(name="format", description="xml or json.")
]
CustomerNumber = Annotated[
    str,
    PathParameter(
        name="customer_id",
        description="The customer's number, with or without a C before it.",
    ),
]
Devices = Annotated[
    str | None,
    QueryParameter(
        name="obj_device", description="Numbers of monitors, separated by commas; all of the customer without it."
    ),
]
OtherDevices = Annotated[str | None, QueryParameter(name="devices", description="The same as obj_device.")]
Day = Annotated[
    str | None,
    QueryParameter(
        name="rdate", description=f"One day of the account's time zone, as 2027-01-31, or one of {', '.join(NAMES)}."
    ),
]
_MOMENT = "As 2027-01-31 or 2027-01-31 12:00:00, in the account's time zone; needs to."
From = Annotated[str | None, QueryParameter(name="from", description=_MOMENT)]
To = Annotated[str | None, QueryParameter(name="to", description="As from; a day is included whole.")]
StartDate = Annotated[str | None, QueryParameter(name="start_date", description="The same as from.")]
EndDate = Annotated[str | None, QueryParameter(name="end_date", description="The same as to.")]


class ReportRequest(NamedTuple):
    about: Reported
    time: ReportTime
    now: datetime


def is_json(version: str | None, form: str | None) -> bool:
    return form.lower() == "json" if form else version == "2"


def shown_records(text: str | None) -> str | None:
    """One of SHOWN; None is all. Raises InvalidError."""
    if text and text not in SHOWN:
        raise InvalidError("showrecs", f"must be one of {', '.join(SHOWN)}")
    return text or None


def customer_number(text: str) -> int:
    """Raises NotFoundError."""
    return number_of(text.removeprefix("C"))


def report_requests(longest: timedelta) -> Provide:
    """The dependency `report` of a route about at most so long a time."""
    return Provide(_reader(longest))


def _reader(longest: timedelta) -> Callable[..., Awaitable[ReportRequest]]:
    async def read(
        customer: CustomerNumber,
        services: GivenServices,
        principal: GivenPrincipal,
        devices: Devices = None,
        other_devices: OtherDevices = None,
        rdate: Day = None,
        from_: From = None,
        to: To = None,
        start_date: StartDate = None,
        end_date: EndDate = None,
    ) -> ReportRequest:
        now, numbers = utc_now(), numbers_of(devices, "obj_device") or numbers_of(other_devices, "devices")
        about = await period_reports.reported(
            services.database, principal, tuple(KINDS.values()), customer_number(customer), numbers
        )
        zone = await time_zone_of(services.database, about.customer.organization_id)
        time = report_time(rdate, from_ or start_date, to or end_date, zone, now, longest)
        return ReportRequest(about, time, now)

    return read


GivenReport: TypeAlias = NamedDependency[SkipValidation[ReportRequest]]
