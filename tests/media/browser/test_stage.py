"""What people see in Chromium, with the scripts that the pages use."""

from __future__ import annotations

import statistics
import time

import pytest
from playwright.async_api import Browser

from tests.media.browser.conftest import Front, becomes, open_page
from tests.media.browser.lossy import Fate, Way, jitter, lose

SWITCHES = 50


SCREEN_IS_HEARD = """async () => {
  const {lanes} = await watching.lanes();
  const sound = lanes.find((lane) => lane.source === 'screen-sound' && lane.person === 'bob');
  return sound ? loud(sound.mid) : false;
}"""


QUIET_MICROPHONE = """navigator.mediaDevices.getUserMedia = async () =>
  new MediaStreamAudioDestinationNode(new AudioContext()).stream;"""


async def test_two_speakers_and_a_screen_share(
    front: Front, browser: Browser, sharer: Browser
) -> None:
    await front.on_air("hall")
    ada, eve = [await open_page(browser, front.address) for _ in range(2)]
    bob = await open_page(sharer, front.address, init=QUIET_MICROPHONE)
    await ada.evaluate("publish('hall', 'ada', '#e00')")
    await bob.evaluate("publish('hall', 'bob', '#00e')")
    await eve.evaluate("watch('hall', 'eve', 3, {layout: 'screen'})")
    await becomes(eve, "colours().sort()", ["blue", "dark", "red"])
    # A real capture of his tab, with the tone that it plays.
    assert await bob.evaluate("shareTab('#0c0')") == ["audio ", "video browser"]
    await becomes(eve, "colours()[0]", "green")
    await becomes(eve, "colours().sort()", ["blue", "green", "red"])
    lanes = (await eve.evaluate("watching.lanes()"))["lanes"]
    pictures = [lane for lane in lanes if lane["kind"] == "video"]
    assert pictures[0]["source"] == "screen"
    assert pictures[0]["person"] == "bob"
    # His tab's tone has one of her two voices, before a microphone.
    await becomes(eve, SCREEN_IS_HEARD, True)
    # The faces beside a screen come in the low layer: a quarter of the width.
    await becomes(eve, "sizes().slice(1)", [160, 160])
    await bob.evaluate("publishing.share(null)")
    await becomes(eve, "['red', 'blue'].includes(colours()[0])", True)
    assert await eve.evaluate("states") == ["joining", "joined"]


HEARD = """async () => {
  const {lanes} = await watching.lanes();
  return lanes.filter((lane) => lane.kind === 'audio' && lane.person).map((lane) => lane.person);
}"""
SOUNDS = """async () => {
  let packets = 0;
  for (const one of (await watching.keeper.connection.getStats()).values())
    if (one.type === 'inbound-rtp' && one.kind === 'audio') packets += one.packetsReceived;
  return packets;
}"""


async def test_talkback_reaches_the_speaker_and_not_the_audience(
    front: Front, browser: Browser
) -> None:
    await front.on_air("hall")
    ada, pia, eve = [await open_page(browser, front.address) for _ in range(3)]
    await ada.evaluate("publish('hall', 'ada', '#e00')")
    own = "{group: 'stage', grantUrl: '/grant?person=ada&backstage=stage'}"
    await ada.evaluate(f"watch('hall', 'ada', 1, {own})")
    await eve.evaluate("watch('hall', 'eve', 1)")
    await becomes(eve, HEARD, ["ada"])
    await pia.evaluate(
        """async () => {
          const {Talkback} = await import('/js/talkback.js');
          window.states = [];
          window.talkback = new Talkback(
            '/grant?person=pia&publish=talkback:stage&room=hall', (state) => states.push(state));
          await talkback.start(['ada']);
        }"""
    )
    await becomes(ada, HEARD, ["pia"])
    before = await ada.evaluate(SOUNDS)
    await ada.wait_for_timeout(500)
    assert await ada.evaluate(SOUNDS) > before + 10
    assert await eve.evaluate(HEARD) == ["ada"]
    await pia.evaluate("talkback.stop()")
    await becomes(ada, HEARD, [])
    await pia.evaluate("talkback.start(['somebody else'])")
    await ada.wait_for_timeout(500)
    assert await ada.evaluate(HEARD) == []
    await pia.evaluate("talkback.leave()")


async def test_fifty_switches_among_three_rooms(front: Front, browser: Browser) -> None:
    rooms = {"hall": "red", "annex": "green", "loft": "blue"}
    await front.on_air(*rooms)
    eve = await open_page(browser, front.address)
    for room, paint in zip(rooms, ("#e00", "#0c0", "#00e"), strict=True):
        page = await open_page(browser, front.address)
        await page.evaluate(f"publish('{room}', '{room}', '{paint}')")
    await eve.evaluate("watch('hall', 'eve', 1)")
    await becomes(eve, "colours()", ["red"])
    names, times = list(rooms), []
    for number in range(1, SWITCHES + 1):
        room = names[number % 3]
        times.append(
            await eve.evaluate(
                """async ([room, wanted]) => {
                  const began = performance.now();
                  const switched = watching.switchTo(room);
                  while (colours()[0] !== wanted) {
                    if (performance.now() - began > 5000) return 5000;
                    await new Promise((done) => setTimeout(done, 8));
                  }
                  await switched;
                  return performance.now() - began;
                }""",
                [room, rooms[room]],
            )
        )
        await eve.wait_for_timeout(120)
    p95 = statistics.quantiles(times, n=20)[-1]
    assert p95 < 1000, f"{p95:.0f} ms"
    assert await eve.evaluate("states") == ["joining", "joined"]


@pytest.mark.parametrize(
    "fate", [lose(100), lose(20), lose(10), jitter], ids=["1%", "5%", "10%", "jitter"]
)
async def test_a_bad_way_freezes_no_picture(front: Front, browser: Browser, fate: Fate) -> None:
    await front.on_air("hall")
    ada = await open_page(browser, front.address)
    await ada.evaluate("publish('hall', 'ada', '#e00')")
    way = Way(front.udp_port)
    await way.open()
    through = f"""
      const set = RTCPeerConnection.prototype.setRemoteDescription;
      RTCPeerConnection.prototype.setRemoteDescription = function (description) {{
        const sdp = description.sdp.replace(/127.0.0.1 {front.udp_port} /g, '127.0.0.1 {way.port} ');
        return set.call(this, {{type: description.type, sdp}});
      }};"""
    eve = await open_page(browser, front.address, init=through)
    await eve.evaluate("watch('hall', 'eve', 1, {layer: 'high'})")
    await becomes(eve, "colours()", ["red"])
    await eve.wait_for_timeout(1500)
    way.fate = fate
    await eve.evaluate("gap = 0")
    end = time.monotonic() + 10
    while time.monotonic() < end:
        await eve.wait_for_timeout(500)
    longest = await eve.evaluate("gap")
    way.close()
    assert 0 < longest < 1000, f"{longest:.0f} ms without a picture, {way.lost} packets lost"
    if fate is not jitter:
        assert way.lost > 2
