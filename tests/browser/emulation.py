"""What the browser pretends: another screen, colours, paper, no scripts, a cut network."""

from __future__ import annotations

from tests.browser.session import Session

PHONE = 390
SMALLEST = 320
"""CSS pixels: WCAG 1.4.10 asks that no page needs scrolling to the side at this width."""


class Emulation:
    """Holds for the current tab until `reset`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def media(self, *, kind: str = "screen", dark: bool = False, forced: bool = False, still: bool = False) -> None:
        """What CSS media queries find: `print` or `screen`, dark, forced colours, reduced motion."""
        features = {
            "prefers-color-scheme": "dark" if dark else "light",
            "forced-colors": "active" if forced else "none",
            "prefers-reduced-motion": "reduce" if still else "no-preference",
        }
        self._session.devtools(
            "Emulation.setEmulatedMedia",
            media=kind,
            features=[{"name": name, "value": value} for name, value in features.items()],
        )

    def width(self, pixels: int, height: int = 844, *, touch: bool = True) -> None:
        """A screen of this size, in CSS pixels."""
        self._session.devtools(
            "Emulation.setDeviceMetricsOverride", width=pixels, height=height, deviceScaleFactor=1, mobile=touch
        )

    def scripts(self, on: bool) -> None:
        """Whether the pages opened from now on run their scripts."""
        self._session.devtools("Emulation.setScriptExecutionDisabled", value=not on)

    def zone(self, name: str) -> None:
        """The viewer's time zone, such as Asia/Tokyo."""
        self._session.devtools("Emulation.setTimezoneOverride", timezoneId=name)

    def reset(self) -> None:
        self._session.devtools("Emulation.setEmulatedMedia", media="", features=[])
        self._session.devtools("Emulation.clearDeviceMetricsOverride")
        self._session.devtools("Emulation.setTimezoneOverride", timezoneId="")
        self.scripts(on=True)
