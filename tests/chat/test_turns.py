from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from accounts.refusals import NotFound, TurnNotRunning, TurnNotWaiting
from chat import turns
from chat.lease import LeaseLost, write_events
from chat.models import Message, Turn, TurnEvent
from chat.turns import Claimed, Ending, Requested
from tests.chat.made import claimed, conversation_of, logged, queued, write

DELTA = ("delta", {"text": "x"})


def held_back(user: User) -> Claimed:
    """A turn that waits for its rate pool, at the worker "me"."""
    one = claimed(user, owner="me")
    write_events(one.lease, [], status=Turn.Status.WAITING)
    return one


class TestClaim:
    def test_takes_the_oldest_first_and_no_more_than_it_can_run(self, owner: User) -> None:
        waiting = [queued(owner).turn.pk for _ in range(4)]
        taken = turns.claim(owner="one", capacity=3)
        assert [one.turn.pk for one in taken] == waiting[:3]

    def test_takes_each_users_first_before_anybodys_second(self, owner: User, member: User) -> None:
        mine = [queued(owner).turn.pk for _ in range(3)]
        theirs = queued(member).turn.pk
        assert [one.turn.pk for one in turns.claim(owner="one", capacity=2)] == [mine[0], theirs]

    def test_leaves_room_for_others(self, owner: User, member: User) -> None:
        for _ in range(turns.TURNS_PER_USER + 5):
            queued(owner)
        theirs = queued(member).turn.pk
        taken = [one.turn.pk for one in turns.claim(owner="one", capacity=100)]
        assert len(taken) == turns.TURNS_PER_USER + 1
        assert theirs in taken
        assert turns.claim(owner="one", capacity=100) == []

    def test_takes_each_turn_once(self, owner: User) -> None:
        queued(owner)
        assert len(turns.claim(owner="one", capacity=5)) == 1
        assert turns.claim(owner="two", capacity=5) == []

    def test_gives_a_lease_and_puts_the_question_in_its_place(self, owner: User) -> None:
        accepted = queued(owner)
        [one] = turns.claim(owner="one", capacity=1)
        turn = Turn.objects.get(pk=accepted.turn.pk)
        assert (turn.status, turn.lease_owner, turn.epoch) == ("running", "one", 1)
        assert turn.started_at is not None
        assert (one.lease.epoch, one.lease.seq) == (1, 1)
        question = Message.objects.get(pk=accepted.message.pk)
        assert (question.position, question.parent_id, question.turn_id) == (0, None, turn.pk)
        assert question.branch_id == turn.conversation.active_branch_id is not None

    def test_of_one_conversation_takes_the_next_only_after_the_one_before(self, owner: User) -> None:
        conversation = conversation_of(owner)
        waiting = [queued(owner, conversation=conversation).turn for _ in range(3)]
        for turn in waiting:
            [one] = turns.claim(owner="one", capacity=9)
            assert one.turn.pk == turn.pk
            assert turns.claim(owner="two", capacity=9) == []
            turns.finish(one.lease, Ending(status=Turn.Status.COMPLETED))

    def test_skips_a_turn_that_was_stopped_while_it_waited(self, owner: User) -> None:
        conversation = conversation_of(owner)
        first, second = (queued(owner, conversation=conversation).turn for _ in range(2))
        turns.request_stop(user=owner, turn_id=first.pk)
        assert [one.turn.pk for one in turns.claim(owner="one", capacity=9)] == [second.pk]

    def test_the_database_holds_one_active_turn_per_conversation(self, owner: User) -> None:
        conversation = conversation_of(owner)
        first, second = (queued(owner, conversation=conversation).turn for _ in range(2))
        lease = {"status": Turn.Status.RUNNING, "lease_until": timezone.now()}
        Turn.objects.filter(pk=first.pk).update(**lease)
        with pytest.raises(IntegrityError), transaction.atomic():
            Turn.objects.filter(pk=second.pk).update(**lease)


class TestFencing:
    def test_a_lease_writes_gapless_events(self, owner: User) -> None:
        one = claimed(owner)
        write(one.lease, DELTA, DELTA)
        write(one.lease, DELTA)
        assert logged(one.turn) == [(1, "turn.queued"), (2, "delta"), (3, "delta"), (4, "delta")]
        assert Turn.objects.get(pk=one.turn.pk).seq == one.lease.seq == 4

    def test_a_late_writer_writes_nothing(self, owner: User) -> None:
        one = claimed(owner)
        write(one.lease, DELTA)
        newer = turns.take_over(one.turn.pk)
        assert newer is not None
        assert (newer.epoch, newer.seq) == (one.lease.epoch + 1, one.lease.seq)
        before = logged(one.turn)
        for late in (
            lambda: write(one.lease, DELTA),
            lambda: turns.finish(one.lease, Ending(status=Turn.Status.FAILED)),
        ):
            with pytest.raises(LeaseLost):
                late()
        assert logged(one.turn) == before
        assert Turn.objects.get(pk=one.turn.pk).status == "running"
        write(newer, DELTA)
        assert logged(one.turn)[-1] == (3, "delta")

    def test_nothing_is_written_after_the_end(self, owner: User) -> None:
        one = claimed(owner)
        turns.finish(one.lease, Ending(status=Turn.Status.COMPLETED))
        with pytest.raises(LeaseLost):
            write(one.lease, DELTA)
        assert turns.take_over(one.turn.pk) is None
        assert logged(one.turn) == [(1, "turn.queued"), (2, "turn.ended")]

    def test_a_deleted_turn_cannot_be_written(self, owner: User) -> None:
        one = claimed(owner)
        one.turn.conversation.delete()
        with pytest.raises(LeaseLost):
            write(one.lease, DELTA)
        assert not TurnEvent.objects.exists()


class TestLeases:
    def test_expire_when_their_time_is_over_and_not_before(self, owner: User) -> None:
        one = claimed(owner, lease=timedelta(seconds=15))
        assert turns.expired() == []
        assert turns.expired(now=Now() + timedelta(seconds=14)) == []
        assert turns.expired(now=Now() + timedelta(seconds=16)) == [one.turn.pk]

    def test_are_renewed_for_what_runs_here_alone(self, owner: User) -> None:
        mine, ended_badly, others = claimed(owner, owner="me"), claimed(owner, owner="me"), claimed(owner, owner="you")
        later = Now() + timedelta(seconds=10)
        turns.renew(owner="me", running=[mine.turn.pk, others.turn.pk], now=later)
        lost = turns.expired(now=Now() + timedelta(seconds=20))
        assert set(lost) == {ended_badly.turn.pk, others.turn.pk}

    def test_of_a_turn_that_was_taken_over_are_not_renewed_by_its_old_owner(self, owner: User) -> None:
        one = claimed(owner, owner="me")
        turns.take_over(one.turn.pk)
        turns.renew(owner="me", running=[one.turn.pk], now=Now() + timedelta(hours=1))
        assert turns.expired(now=Now() + timedelta(seconds=16)) == [one.turn.pk]


class TestStop:
    def test_of_a_queued_turn_ends_it_there_and_then(self, owner: User) -> None:
        accepted = queued(owner)
        stopping = turns.request_stop(user=owner, turn_id=accepted.turn.pk)
        assert stopping.ended
        assert [event.fields["type"] for event in stopping.events] == ["turn.ended"]
        assert logged(accepted.turn) == [(1, "turn.queued"), (2, "turn.ended")]
        assert Turn.objects.get(pk=accepted.turn.pk).seq == 2
        assert turns.claim(owner="one", capacity=1) == []

    def test_of_a_running_turn_is_told_to_its_worker(self, owner: User) -> None:
        one = claimed(owner, owner="me")
        assert turns.requested(owner="me").stop == set()
        assert not turns.request_stop(user=owner, turn_id=one.turn.pk).ended
        assert turns.requested(owner="me") == Requested(stop={one.turn.pk}, shorter=set())
        assert turns.requested(owner="you").stop == set()

    def test_of_an_ended_turn_is_refused(self, owner: User) -> None:
        one = claimed(owner)
        turns.finish(one.lease, Ending(status=Turn.Status.FAILED, reason="internal"))
        with pytest.raises(TurnNotRunning):
            turns.request_stop(user=owner, turn_id=one.turn.pk)
        assert Turn.objects.get(pk=one.turn.pk).status == "failed"

    def test_of_somebody_elses_turn_is_not_found(self, owner: User, member: User, staff: User) -> None:
        one = claimed(owner)
        for stranger in (member, staff):
            with pytest.raises(NotFound):
                turns.request_stop(user=stranger, turn_id=one.turn.pk)
        assert turns.requested(owner="worker").stop == set()


class TestSendingLess:
    def test_of_a_waiting_turn_is_told_to_its_worker(self, owner: User) -> None:
        one = held_back(owner)
        assert turns.requested(owner="me") == Requested(stop=set(), shorter=set())
        turns.request_shorter(user=owner, turn_id=one.turn.pk)
        assert turns.requested(owner="me") == Requested(stop=set(), shorter={one.turn.pk})
        assert turns.requested(owner="you").shorter == set()

    def test_of_a_turn_that_does_not_wait_is_refused(self, owner: User) -> None:
        running, later = claimed(owner, owner="me").turn, queued(owner).turn
        for turn in (running, later):
            with pytest.raises(TurnNotWaiting):
                turns.request_shorter(user=owner, turn_id=turn.pk)
        assert turns.requested(owner="me").shorter == set()

    def test_of_an_ended_turn_is_refused(self, owner: User) -> None:
        one = held_back(owner)
        turns.finish(one.lease, Ending(status=Turn.Status.STOPPED))
        with pytest.raises(TurnNotRunning):
            turns.request_shorter(user=owner, turn_id=one.turn.pk)

    def test_of_somebody_elses_turn_is_not_found(self, owner: User, member: User, staff: User) -> None:
        one = held_back(owner)
        for stranger in (member, staff):
            with pytest.raises(NotFound):
                turns.request_shorter(user=stranger, turn_id=one.turn.pk)
        assert turns.requested(owner="me").shorter == set()
