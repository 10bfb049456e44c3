"""GStreamer as a client, run by Debian's own Python: `gstreamer_peer.py publish|watch ADDRESS TOKEN`.

Debian 12's GStreamer has no element for WHIP or WHEP, so this makes the requests around its
`webrtcbin`. It says on standard output what happens, a line each, and leaves when its input ends.
"""

from __future__ import annotations

import os
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

WEBRTC = "webrtcbin name=peer bundle-policy=max-bundle latency=50 "
PUBLISH = WEBRTC + (
    "videotestsrc is-live=true pattern=red ! video/x-raw,width=320,height=180,framerate=25/1"
    " ! openh264enc gop-size=25 complexity=low"
    " ! video/x-h264,profile=constrained-baseline ! rtph264pay config-interval=-1"
    " aggregate-mode=zero-latency mtu=1200"
    " ! application/x-rtp,media=video,encoding-name=H264,payload=96 ! peer. "
    "audiotestsrc is-live=true wave=ticks ! audio/x-raw,rate=48000,channels=2 ! opusenc"
    " ! rtpopuspay ! application/x-rtp,media=audio,encoding-name=OPUS,payload=111 ! peer."
)
PIPELINES = {"publish": PUBLISH, "watch": WEBRTC}
LINES = (
    "application/x-rtp,media=audio,encoding-name=OPUS,payload=111,clock-rate=48000",
    "application/x-rtp,media=video,encoding-name=H264,payload=96,clock-rate=90000,"
    "packetization-mode=(string)1,profile-level-id=(string)42e01f,"
    "rtcp-fb-nack=(boolean)true,rtcp-fb-nack-pli=(boolean)true",
)
DECODE = "rtph264depay ! h264parse ! openh264dec ! fakesink name=seen signal-handoffs=true"
ENOUGH = 25


def say(*words: object) -> None:
    print(*words, flush=True)


class Client:
    """One session: an offer posted, the answer applied, deleted in the end."""

    def __init__(self, kind: str, address: str, token: str) -> None:
        self.address, self.token = address, token
        self.location = ""
        self.posted = False
        self.frames = 0
        self.pipeline = Gst.Pipeline()
        self.pipeline.add(Gst.parse_bin_from_description(PIPELINES[kind], False))
        self.peer = self.pipeline.get_by_name("peer")
        # libnice leaves the loopback out by itself. PyGObject takes a reference too little: kept.
        self.ice = self.peer.get_property("ice-agent")
        self.ice.emit("add-local-ip-address", "127.0.0.1")
        if kind == "watch":
            for caps in LINES:
                direction = GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY
                self.peer.emit("add-transceiver", direction, Gst.Caps.from_string(caps))
        self.peer.connect("on-negotiation-needed", self.offer)
        self.peer.connect("notify::connection-state", self.tell_state)
        self.peer.connect("pad-added", self.receive)
        self.pipeline.set_state(Gst.State.PLAYING)

    def offer(self, peer: Any) -> None:
        if not self.posted:
            peer.emit("create-offer", None, Gst.Promise.new_with_change_func(self.offered))

    def offered(self, promise: Any) -> None:
        reply = promise.get_reply()  # The offer lives as long as this does.
        offer = reply.get_value("offer")
        text = offer.sdp.as_text()
        if not all(codec in text.upper() for codec in ("PACKETIZATION-MODE=1", "OPUS/")):
            # An encoder that has not begun yet has nothing to offer.
            GLib.timeout_add(100, self.again)
        elif not self.posted:
            self.posted = True
            self.peer.emit("set-local-description", offer, None)
            threading.Thread(target=self.post, args=(text,)).start()

    def again(self) -> bool:
        self.offer(self.peer)
        return False

    def post(self, offer: str) -> None:
        request = urllib.request.Request(
            self.address,
            data=offer.encode(),
            headers={"Content-Type": "application/sdp", "Authorization": f"Bearer {self.token}"},
        )
        try:
            answered = urllib.request.urlopen(request, timeout=10)
        except urllib.error.HTTPError as error:
            print(error.read().decode(), offer, file=sys.stderr, flush=True)
            raise
        with answered as response:
            self.location = urllib.parse.urljoin(self.address, response.headers["Location"])
            say("created", response.status, self.location)
            _, answer = GstSdp.SDPMessage.new_from_text(response.read().decode())
        kind = GstWebRTC.WebRTCSDPType.ANSWER
        description = GstWebRTC.WebRTCSessionDescription.new(kind, answer)
        self.peer.emit("set-remote-description", description, None)

    def tell_state(self, peer: Any, _: object) -> None:
        say("state", peer.get_property("connection-state").value_nick)

    def receive(self, _: object, pad: Any) -> None:
        """Decode a picture that comes; let go of sound."""
        if pad.direction != Gst.PadDirection.SRC:
            return
        media = pad.get_current_caps().get_structure(0).get_string("media")
        text = DECODE if media == "video" else "fakesink"
        branch = Gst.parse_bin_from_description(text, True)
        self.peer.get_parent().add(branch)
        branch.sync_state_with_parent()
        pad.link(branch.get_static_pad("sink"))
        if media == "video":
            branch.get_by_name("seen").connect("handoff", self.seen)

    def seen(self, _: object, buffer: Any, pad: Any) -> None:
        self.frames += 1
        if self.frames == ENOUGH:
            caps = pad.get_current_caps().get_structure(0)
            _, mapped = buffer.map(Gst.MapFlags.READ)
            luma = mapped.data[1000]
            buffer.unmap(mapped)
            say("seen", caps.get_value("width"), caps.get_value("height"), luma)

    def leave(self) -> None:
        request = urllib.request.Request(
            self.location, method="DELETE", headers={"Authorization": f"Bearer {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            say("deleted", response.status)


def main() -> None:
    Gst.init(None)
    client = Client(*sys.argv[1:4])
    threading.Thread(target=GLib.MainLoop().run, daemon=True).start()
    sys.stdin.read()
    client.leave()
    # Not by the interpreter's end, which would let go of the agent once too often.
    os._exit(0)


if __name__ == "__main__":
    main()
