"""The node's HTTP side by the letter: statuses, headers, and words for people."""

from __future__ import annotations

import base64
import hmac
import re
import time
from datetime import UTC, datetime, timedelta

import pytest

from media.access import check_path
from media.grant import Grant, sign
from media.node import Node
from media.server import MediaApp
from media.turn import Turn, turn_from
from media.web import MAX_BODY
from tests.media.builders import SECRET, make_grant, make_settings
from tests.media.door import CONTROL, SDP, SPEAKER, VIEWER, Door, offer


async def test_whip_answers_201_with_location_etag_and_an_answer(door: Door) -> None:
    response = await door.post("/media/whip/hall", SPEAKER)
    assert response.status_code == 201
    assert response.headers["location"].startswith("/media/publishers/")
    assert response.headers["etag"].startswith('"')
    assert response.headers["content-type"] == "application/sdp"
    answer = response.text
    assert "a=ice-lite\r\n" in answer
    assert answer.count("a=setup:passive\r\n") == 2
    assert answer.count("a=recvonly\r\n") == 2
    assert "profile-level-id=42e01f" in answer
    assert "127.0.0.1" in answer
    assert "a=end-of-candidates" in answer


async def test_whep_answers_with_a_line_for_each_lane(door: Door) -> None:
    kinds = ("audio", "audio", "video", "video")
    body = offer(*kinds, sends=False)
    response = await door.ask("POST", "/media/whep/hall", VIEWER, content=body, headers=SDP)
    assert response.status_code == 201
    assert response.text.count("a=sendonly\r\n") == 4
    shown = await door.ask("GET", response.headers["location"] + "/state", VIEWER)
    assert shown.json() == {
        "id": response.headers["location"].rpartition("/")[2],
        "room": "hall",
        "group": None,
        "on_air": False,
        "layout": "auto",
        "layer": "auto",
        "lanes": [
            {
                "mid": str(i),
                "kind": kind,
                "publisher": None,
                "person": None,
                "name": None,
                "source": None,
                "layer": None,
                "place": None,
            }
            for i, kind in enumerate(kinds)
        ],
    }


@pytest.mark.parametrize(
    ("path", "grant", "status"),
    [
        ("/media/whip/hall", None, 401),
        ("/media/whip/hall", make_grant(expires=datetime(2020, 1, 1, tzinfo=UTC)), 401),
        ("/media/whip/hall", VIEWER, 403),
        ("/media/whip/hall", make_grant(publish="opening", rooms=("annex",)), 403),
        ("/media/whep/hall", SPEAKER, 403),
        ("/media/whep/hall?group=opening", VIEWER, 403),
        ("/media/whep/hall?group=opening", make_grant(backstage=("closing",)), 403),
        ("/media/whup/hall", VIEWER, 404),
        ("/media/whip", VIEWER, 404),
        ("/elsewhere", VIEWER, 404),
        ("/media/health", VIEWER, 405),
    ],
)
async def test_who_may_not_is_told_so(
    door: Door, path: str, grant: Grant | None, status: int
) -> None:
    response = await door.ask("POST", path, grant, content=offer(), headers=SDP)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == status
    assert response.json()["detail"]


async def test_a_forged_grant_is_refused(door: Door) -> None:
    token = sign(SPEAKER, "another secret of thirty-two letters")
    response = await door.http.post(
        "/media/whip/hall", content=offer(), headers={**SDP, "authorization": f"Bearer {token}"}
    )
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        ("nonsense", SDP, 400),
        ("v=0\r\n", SDP, 400),
        (b"\xff\xfe", SDP, 400),
        (offer(), {"content-type": "application/json"}, 415),
        (offer(), {}, 415),
        ("v" * (MAX_BODY + 1), SDP, 413),
        (offer().replace("H264", "VP8"), SDP, 406),
        (offer().replace("packetization-mode=1", "packetization-mode=0"), SDP, 406),
        (offer("audio").replace("opus", "PCMU"), SDP, 406),
        (offer().replace("a=group:BUNDLE 0 1\r\n", ""), SDP, 400),
        (offer().replace("a=setup:actpass", "a=setup:passive"), SDP, 400),
    ],
)
async def test_what_cannot_be_read_or_carried(
    door: Door, content: str | bytes, headers: dict[str, str], status: int
) -> None:
    response = await door.ask("POST", "/media/whip/hall", SPEAKER, content=content, headers=headers)
    assert (response.status_code, response.json()["status"]) == (status, status)


async def test_a_full_room_says_when_to_come_back(door: Door) -> None:
    for person in ("ada", "bob"):
        grant = make_grant(person=person, publish="opening")
        assert (await door.post("/media/whip/hall", grant)).status_code == 201
    full = await door.post("/media/whip/hall", make_grant(person="cyd", publish="opening"))
    assert full.status_code == 503
    assert int(full.headers["retry-after"]) > 0
    again = await door.post("/media/whip/hall", make_grant(person="ada", publish="opening"))
    assert again.status_code == 201


async def test_one_person_opens_only_so_many_pages(door: Door) -> None:
    statuses = [
        (
            await door.ask(
                "POST", "/media/whep/hall", VIEWER, content=offer(sends=False), headers=SDP
            )
        ).status_code
        for _ in range(3)
    ]
    assert statuses == [201, 201, 503]


async def test_whom_there_is_no_place_for_is_offered_the_broadcast(door: Door) -> None:
    full = None
    for number in range(4):
        grant = make_grant(person=f"guest {number}", subscribe=True)
        body = offer(sends=False)
        full = await door.ask("POST", "/media/whep/hall", grant, content=body, headers=SDP)
    assert full is not None
    assert full.status_code == 503
    assert int(full.headers["retry-after"]) > 0
    path = full.json()["broadcast"]
    assert full.headers["link"].startswith(f'<{path}>; rel="alternate"')
    found = re.fullmatch(r"/media/hls/([^/]+)/conference/hall/index\.m3u8", path)
    assert found is not None
    assert check_path(found[1], "conference", "hall", SECRET, now=datetime.now(UTC))


async def test_the_way_by_turn_is_named_in_link_headers() -> None:
    urls = ("turn:turn.example.org:3478?transport=udp", "turns:turn.example.org:443?transport=tcp")
    node = Node(make_settings(turn=Turn(urls=urls, secret="north")))
    await node.start()
    app = MediaApp(lambda: node)
    app.node = node
    door = Door(app)
    created = await door.post("/media/whip/hall", SPEAKER)
    links = created.headers.get_list("link")
    assert [link.partition(">")[0][1:] for link in links] == list(urls)
    found = re.search(r'username="(\d+):ada"; credential="([^"]+)"', links[0])
    assert found is not None
    assert 11 * 3600 < int(found[1]) - time.time() <= 12 * 3600
    expected = hmac.digest(b"north", f"{found[1]}:ada".encode(), "sha1")
    assert base64.b64decode(found[2]) == expected
    assert "Link" in created.headers["access-control-expose-headers"]
    await door.http.aclose()
    await node.close()


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"PLENARY_TURN_URLS": "http://x"}, "no turn: or turns: address"),
        ({"PLENARY_TURN_URLS": "turn:x:3478"}, "PLENARY_TURN_SECRET is missing"),
    ],
)
def test_a_turn_server_half_described_is_refused_in_words(
    environment: dict[str, str], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        turn_from(environment)


async def test_layout_and_layer_are_asked_for_in_words_that_exist(door: Door) -> None:
    body = offer(sends=False)
    path = "/media/whep/hall?layout=grid&layer=low"
    created = await door.ask("POST", path, VIEWER, content=body, headers=SDP)
    view = created.headers["location"] + "/view"
    asked = await door.ask("PUT", view, VIEWER, json={"layout": "speaker"})
    assert (asked.json()["layout"], asked.json()["layer"]) == ("speaker", "low")
    assert (await door.ask("PUT", view, VIEWER, json={"layer": "huge"})).status_code == 400
    wrong = await door.ask(
        "POST", "/media/whep/hall?layout=pile", VIEWER, content=body, headers=SDP
    )
    assert wrong.status_code == 400


async def test_a_publisher_moves_by_its_own_new_grant_or_not_at_all(door: Door) -> None:
    location = (await door.post("/media/whip/hall", SPEAKER)).headers["location"]
    path = f"{location}/group"
    moved = await door.ask("PUT", path, make_grant(person="ada", publish="closing"))
    assert (moved.status_code, moved.json()["group"]) == (200, "closing")
    assert (await door.ask("PUT", path, make_grant(person="bob", publish="x"))).status_code == 403
    assert (await door.ask("PUT", path, CONTROL)).status_code == 403
    talk = f"{location}/talk"
    assert (await door.ask("PUT", talk, SPEAKER, json={"to": ["*"]})).status_code == 403
    assert (await door.ask("PUT", talk, SPEAKER, json={"to": "all"})).status_code == 400


async def test_moving_needs_the_grant_of_the_other_room(door: Door) -> None:
    grant = make_grant(person="eve", subscribe=True, rooms=("hall",))
    body = offer(sends=False)
    created = await door.ask("POST", "/media/whep/hall", grant, content=body, headers=SDP)
    path = created.headers["location"] + "/room"
    annex = {"room": "annex", "group": None}
    assert (await door.ask("PUT", path, grant, json=annex)).status_code == 403
    moved = await door.ask("PUT", path, VIEWER, json=annex)
    assert (moved.status_code, moved.json()["room"]) == (200, "annex")
    wrongs: list[dict[str, object]] = [
        {},
        {"room": 1},
        {"room": "a", "group": 2},
        {"room": ""},
        {"room": "x" * 200},
    ]
    for wrong in wrongs:
        assert (await door.ask("PUT", path, VIEWER, json=wrong)).status_code == 400


async def test_stages_are_what_the_control_desk_last_said(door: Door) -> None:
    await door.post("/media/whip/hall", SPEAKER)
    first = {"stages": {"hall": {"on_air": "opening"}, "annex": {"on_air": None}}}
    response = await door.ask("PUT", "/media/stages", CONTROL, json=first)
    assert response.status_code == 200
    assert set(response.json()) == {"boot", "applied"}
    rooms = (await door.ask("GET", "/media/rooms", CONTROL)).json()
    assert rooms["rooms"]["hall"]["on_air"] == "opening"
    assert [p["on_stage"] for p in rooms["rooms"]["hall"]["publishers"]] == [True]
    await door.ask("PUT", "/media/stages", CONTROL, json={"stages": {}})
    rooms = (await door.ask("GET", "/media/rooms", CONTROL)).json()
    assert rooms["rooms"]["hall"]["on_air"] is None
    assert (await door.ask("PUT", "/media/stages", SPEAKER, json=first)).status_code == 403
    assert (await door.ask("GET", "/media/rooms", SPEAKER)).status_code == 403
    wrongs: list[object] = [
        [],
        {"stages": 1},
        {"stages": {"hall": 1}},
        {"stages": {"hall": {"on_air": 1}}},
    ]
    for wrong in wrongs:
        assert (await door.ask("PUT", "/media/stages", CONTROL, json=wrong)).status_code == 400


async def test_one_conference_s_desk_leaves_another_s_stages_alone(door: Door) -> None:
    await door.post("/media/whip/hall", SPEAKER)
    await door.ask(
        "PUT", "/media/stages", CONTROL, json={"stages": {"hall": {"on_air": "opening"}}}
    )
    other = make_grant(person="desk", control=True, conference="other")
    await door.ask("PUT", "/media/stages", other, json={"stages": {}})
    rooms = (await door.ask("GET", "/media/rooms", CONTROL)).json()
    assert rooms["rooms"]["hall"]["on_air"] == "opening"
    assert (await door.ask("GET", "/media/rooms", other)).json()["rooms"] == {}


async def test_health_has_exactly_these_words(door: Door) -> None:
    assert (await door.ask("GET", "/media/health")).json() == {
        "status": "ok",
        "rooms_live": 0,
        "publishers": 0,
        "subscribers": 0,
        "packets_in": 0,
        "packets_out": 0,
    }
    assert (await door.ask("GET", "/media/ready")).json() == {"ready": True}
    metrics = (await door.ask("GET", "/media/metrics")).text
    assert "plenary_media_publishers 0\n" in metrics


async def test_a_node_that_stops_takes_nobody(door: Door) -> None:
    door.node.draining = True
    response = await door.post("/media/whip/hall", SPEAKER)
    assert response.status_code == 503
    assert (await door.ask("GET", "/media/ready")).status_code == 503


def test_grants_survive_the_round_trip() -> None:
    from media.grant import verify

    grant = make_grant(
        rooms=("a", "b"),
        publish="g",
        subscribe=True,
        backstage=("g", "h"),
        control=True,
        expires=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
    )
    now = grant.expires - timedelta(seconds=1)
    assert verify(sign(grant, SECRET), SECRET, now=now) == grant
