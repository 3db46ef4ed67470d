"""What the page does when the connection is slow, lost, refused or late. The socket is the test's, the clock, too."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.chat_page import ChatPage
from tests.e2e.scripted_socket import ScriptedSocket

NOTE_WHEN_THE_PILL_COMES = """() => {
  const pill = document.querySelector("[data-pill]");
  const begun = performance.now();
  window.pillCameAfter = new Promise((resolve) => {
    const look = () => pill.hidden || resolve(performance.now() - begun);
    new MutationObserver(look).observe(pill, { attributes: true });
  });
}"""


def test_after_a_gap_the_page_asks_again_from_where_it_is(answering: ChatPage, socket: ScriptedSocket) -> None:
    socket.event("delta", text="one ")
    socket.set_seq(5)  # seq 5 is lost
    socket.event("delta", text="three ")
    socket.until_heard("subscribe", times=2)
    assert socket.of_type("subscribe")[-1]["cursors"] == {socket.turn: 4}
    expect(answering.turns.last.locator(".prose")).to_have_text("one")
    socket.set_seq(4)
    socket.event("delta", text="two ")
    socket.event("delta", text="three ")
    expect(answering.turns.last.locator(".prose")).to_have_text("one two three")


def test_many_events_after_a_gap_are_one_question(answering: ChatPage, socket: ScriptedSocket) -> None:
    socket.deaf = True
    socket.set_seq(5)
    for _ in range(30):
        socket.event("delta", text="late ")
    socket.until_heard("subscribe", times=2)
    answering.page.wait_for_timeout(200)
    assert len(socket.of_type("subscribe")) == 2


def test_a_lost_connection_resumes_and_repeats_nothing(answering: ChatPage, socket: ScriptedSocket) -> None:
    socket.event("delta", text="one ")
    expect(answering.turns.last.locator(".prose")).to_have_text("one")
    socket.close(1006)
    socket.until_heard("subscribe", times=2)
    assert socket.of_type("subscribe")[-1]["cursors"] == {socket.turn: 4}
    socket.set_seq(2)
    socket.event("iteration.started", n=1, max=15, message="again")
    socket.event("delta", text="one ")
    socket.event("delta", text="two")
    expect(answering.turns.last.locator(".prose")).to_have_text("one two")
    expect(answering.page.locator("[data-pill]")).to_be_hidden()


def test_the_pill_comes_after_two_seconds_and_the_field_stays_open(answering: ChatPage, socket: ScriptedSocket) -> None:
    pill = answering.page.locator("[data-pill]")
    answering.page.evaluate(NOTE_WHEN_THE_PILL_COMES)
    socket.away = True
    socket.close(1006)
    expect(pill).to_have_text("Reconnecting – your answer keeps generating")
    expect(pill).to_be_visible()
    assert answering.page.evaluate("window.pillCameAfter") >= 1_990  # milliseconds; never early, however busy we are
    expect(answering.field).to_be_enabled()
    answering.send("sent while away")
    expect(answering.chips).to_contain_text(["sent while away"])
    socket.away = False
    socket.until_heard("send", times=2)
    expect(pill).to_be_hidden()


def test_a_message_whose_ack_is_lost_is_sent_again_as_the_same_one(
    scripted_chat: ChatPage, socket: ScriptedSocket
) -> None:
    socket.deaf = True
    scripted_chat.send("hello")
    socket.until_heard("send")
    expect(scripted_chat.questions.last).to_have_attribute("data-state", "sending")
    socket.deaf = False
    socket.close(1006)
    socket.until_heard("send", times=2)
    first, second = socket.of_type("send")
    assert first["client_message_id"] == second["client_message_id"]
    expect(scripted_chat.questions).to_have_count(1)
    expect(scripted_chat.questions.last).to_have_attribute("data-state", "sent")


def test_a_message_that_was_not_sent_outlives_the_page(scripted_chat: ChatPage, socket: ScriptedSocket) -> None:
    socket.deaf = True
    scripted_chat.send("hello")
    socket.until_heard("send")
    socket.deaf = False
    scripted_chat.page.reload()
    socket.until_heard("send", times=2)
    first, second = socket.of_type("send")
    assert (first["client_message_id"], first["text"]) == (second["client_message_id"], second["text"])
    expect(scripted_chat.questions).to_have_count(1)
    expect(scripted_chat.questions.last).to_have_attribute("data-state", "sent")
    scripted_chat.page.reload()
    socket.until_heard("subscribe", times=3)
    assert len(socket.of_type("send")) == 2


def test_a_refused_message_can_be_tried_again_or_put_back(scripted_chat: ChatPage, socket: ScriptedSocket) -> None:
    socket.refusal = {"code": "server_busy", "message": "The server is busy."}
    scripted_chat.send("hello")
    expect(scripted_chat.questions.last).to_contain_text("Not sent. The server is busy.")
    scripted_chat.page.get_by_role("button", name="Retry").click()
    socket.until_heard("send", times=2)
    first, second = socket.of_type("send")
    assert first["client_message_id"] == second["client_message_id"]
    scripted_chat.page.get_by_role("button", name="Put it back").click()
    expect(scripted_chat.field).to_have_value("hello")
    expect(scripted_chat.questions).to_have_count(0)
    socket.refusal = None
    scripted_chat.field.press("Enter")
    expect(scripted_chat.questions.last).to_have_attribute("data-state", "sent")
    assert socket.of_type("send")[-1]["client_message_id"] != first["client_message_id"]


def test_without_a_socket_a_stop_goes_over_rest(answering: ChatPage, socket: ScriptedSocket) -> None:
    asked: list[str] = []

    def stop(route: Route) -> None:
        asked.append(route.request.headers.get("x-csrftoken", ""))
        route.fulfill(status=202, json={})

    answering.page.route(f"**/api/v1/turns/{socket.turn}/stop", stop)
    socket.away = True
    socket.close(1006)
    answering.stop_button.click()
    answering.page.wait_for_timeout(300)
    assert len(asked) == 1
    assert asked[0]


def test_a_list_that_cannot_be_had_is_not_put_into_the_page(scripted_chat: ChatPage, socket: ScriptedSocket) -> None:
    """The session is over: the request for the list is led to the sign-in page."""
    path = scripted_chat.path
    scripted_chat.page.context.clear_cookies()
    socket.say("feed", kind="renamed", conversation=socket.conversation)
    scripted_chat.page.wait_for_url(f"**/login/?next={path.replace('/', '%2F')}")


@pytest.mark.parametrize(("code", "words"), [(4403, "may not use"), (4406, "reload the page"), (1009, "too big")])
def test_a_final_no_is_not_asked_again(scripted_chat: ChatPage, socket: ScriptedSocket, code: int, words: str) -> None:
    socket.close(code)
    expect(scripted_chat.page.locator(".toast")).to_contain_text(words)
    scripted_chat.page.evaluate("window.dispatchEvent(new Event('online'))")
    scripted_chat.page.wait_for_timeout(600)
    assert socket.connections == 1


def test_signed_out_goes_to_the_sign_in_page_with_the_way_back(scripted_chat: ChatPage, socket: ScriptedSocket) -> None:
    path = scripted_chat.path
    scripted_chat.page.context.clear_cookies()
    socket.close(4401)
    scripted_chat.page.wait_for_url(f"**/login/?next={path.replace('/', '%2F')}")


def test_a_log_that_is_gone_is_replaced_by_what_the_server_has(answering: ChatPage, socket: ScriptedSocket) -> None:
    """The server of this page knows no such turn: the conversation is as empty as it says."""
    with answering.page.expect_response(f"**{answering.path}"):
        socket.say("resync", turn=socket.turn, reason="gone")
    expect(answering.turns).to_have_count(0)
    expect(answering.page.locator(".empty")).to_be_visible()


def test_a_page_drawn_anew_asks_from_where_it_is_now(answering: ChatPage, socket: ScriptedSocket) -> None:
    """Also where an older question is still open: its answer goes on from where the page was before."""
    socket.deaf = True
    socket.set_seq(5)
    socket.event("delta", text="late ")
    socket.until_heard("subscribe", times=2)
    with answering.page.expect_response(f"**{answering.path}"):
        socket.say("resync", turn=socket.turn, reason="gone")
    expect(answering.turns).to_have_count(0)
    socket.deaf = False
    socket.acknowledge(socket.of_type("subscribe")[-1])
    socket.until_heard("subscribe", times=3)
    assert socket.of_type("subscribe")[-1]["cursors"] == {}


def test_a_server_that_falls_silent_is_left_after_two_pings(
    signed_in_page: Page, live_server_url: str, socket: ScriptedSocket
) -> None:
    signed_in_page.clock.install()
    ChatPage(page=signed_in_page, origin=live_server_url).open("/")
    socket.deaf = True
    for times in (1, 2):
        signed_in_page.clock.run_for(25_000)
        socket.until_heard("ping", times=times)
    signed_in_page.clock.run_for(25_000)
    signed_in_page.clock.run_for(16_000)
    socket.until_connected(times=2)
    assert len(socket.of_type("ping")) == 2


def test_pauses_grow_with_full_jitter_and_have_a_bound(modules: Page) -> None:
    pauses = """async () => {
      const { pauseBefore, isFinal, wasStable } = await import("/static/js/chat/reconnect.js");
      const longest = (failures, code = 1006) => pauseBefore({ failures, code, random: () => 1 });
      return {
        longest: [0, 1, 2, 3, 20].map((failures) => longest(failures)),
        least: pauseBefore({ failures: 9, code: 1006, random: () => 0 }),
        restart: longest(20, 1012),
        final: [4401, 4403, 4406, 1009, 4400, 4408, 4429, 1012, 1006].filter(isFinal),
        stable: [wasStable(null, 99_999), wasStable(0, 9_999), wasStable(0, 10_000)],
      };
    }"""
    assert modules.evaluate(pauses) == {
        "longest": [250, 500, 1000, 2000, 15000],
        "least": 0,
        "restart": 3000,
        "final": [4401, 4403, 4406, 1009],
        "stable": [False, False, True],
    }
