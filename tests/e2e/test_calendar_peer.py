"""Calendars read by ical.js, the parser of Thunderbird, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.agenda.test_calendar_peers import ENTRY, WRITTEN
from tests.e2e.browser import chromium

_PARSER = Path(__file__).parents[1] / "vendor" / "ical-2.2.1.min.js"
_READ = """
async ([parser, text]) => {
  const address = URL.createObjectURL(new Blob([parser], {type: "text/javascript"}));
  const ICAL = (await import(address)).default;
  const root = new ICAL.Component(ICAL.parse(text));
  for (const zone of root.getAllSubcomponents("vtimezone")) {
    ICAL.TimezoneService.register(new ICAL.Timezone(zone));
  }
  const event = new ICAL.Event(root.getFirstSubcomponent("vevent"));
  return {
    method: root.getFirstPropertyValue("method"),
    uid: event.uid, sequence: event.sequence, summary: event.summary, place: event.location,
    start: event.startDate.toUnixTime(), end: event.endDate.toUnixTime(),
    zone: event.startDate.zone.tzid,
    attendees: event.attendees.map((one) => one.getFirstValue()),
    alarms: event.component.getAllSubcomponents("valarm").length,
  };
}
"""


async def read_by_ical_js(content: bytes) -> dict[str, Any]:
    async with chromium() as browser:
        page = await browser.new_page()
        found: dict[str, Any] = await page.evaluate(
            _READ, [_PARSER.read_text("utf-8"), content.decode()]
        )
    return found


@pytest.mark.parametrize(
    ("name", "method", "sequence", "zone", "attendees", "alarms"),
    [
        ("REQUEST", "REQUEST", 3, "Europe/Lisbon", ["mailto:ada@plenary.example"], 1),
        ("update", "REQUEST", 4, "America/New_York", ["mailto:ada@plenary.example"], 1),
        ("CANCEL", "CANCEL", 5, "Asia/Kolkata", ["mailto:ada@plenary.example"], 0),
        ("PUBLISH", "PUBLISH", 3, "Europe/Lisbon", [], 1),
    ],
)
async def test_ical_js_reads_what_was_meant(
    name: str, method: str, sequence: int, zone: str, attendees: list[str], alarms: int
) -> None:
    assert await read_by_ical_js(WRITTEN[name]) == {
        "method": method,
        "uid": ENTRY.uid,
        "sequence": sequence,
        "summary": ENTRY.summary,
        "place": ENTRY.location,
        "start": int(ENTRY.start.timestamp()),
        "end": int(ENTRY.end.timestamp()),
        "zone": zone,
        "attendees": attendees,
        "alarms": alarms,
    }
