"""Only evidence promotes, by a rule that states its error."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from activelearn.core import gate, signs
from activelearn.core.gate import Comparison, GatePolicy, PairedCounts, Spent, Terms
from activelearn.core.parts import Part


def compared(better: int, worse: int, same: int, asked: Terms) -> Comparison:
    old = [False] * better + [True] * worse + [True] * same
    new = [True] * better + [False] * worse + [True] * same
    return gate.compare(old, new, asked)


@pytest.mark.parametrize(
    ("better", "worse", "same", "verdict"),
    [
        (0, 0, 0, "cannot tell"),
        (5, 5, 90, "not better"),
        (1, 0, 10, "cannot tell"),
        (20, 3, 177, "promote"),
        (3, 20, 177, "not better"),
        # 99 items, and 9 that differ, never tell.
        (20, 0, 79, "cannot tell"),
        (20, 0, 80, "promote"),
        (0, 50, 40, "cannot tell"),
        (9, 0, 991, "cannot tell"),
        (10, 0, 990, "promote"),
        (12, 10, 78, "cannot tell"),
    ],
)
def test_only_evidence_promotes(
    better: int, worse: int, same: int, verdict: str
) -> None:
    assert compared(better, worse, same, gate.terms("balanced")).verdict == verdict


@pytest.mark.parametrize(
    ("better", "worse", "same", "verdict"),
    [
        # P(X ≥ 15) for X ~ Bin(20, ½) is .0207; the first test is allowed .0219.
        (15, 5, 180, "promote"),
        # .0577: balanced promotes that.
        (14, 6, 180, "cannot tell"),
        (6, 14, 180, "not better"),
        (20, 0, 79, "cannot tell"),
        (9, 0, 991, "cannot tell"),
    ],
)
def test_c12_a_strict_gate_asks_for_more(
    better: int, worse: int, same: int, verdict: str
) -> None:
    assert compared(better, worse, same, gate.terms("strict")).verdict == verdict


def test_c12_a_gate_by_hand_leaves_it_to_a_person() -> None:
    for counts in ((0, 0, 0), (50, 0, 100), (0, 50, 100)):
        assert compared(*counts, gate.terms("manual")).verdict == "a person decides"


@pytest.mark.parametrize(
    ("better", "worse", "same", "verdict"),
    [
        # Three of three took over before.
        (3, 0, 0, "cannot tell"),
        (19, 0, 0, "cannot tell"),
        (9, 0, 91, "cannot tell"),
        (0, 9, 91, "cannot tell"),
        (10, 0, 10, "promote"),
        (6, 4, 10, "cannot tell"),
        (8, 2, 10, "promote"),
        (3, 8, 9, "not better"),
    ],
)
def test_c12_a_first_model_has_to_beat_the_commonest_label(
    better: int, worse: int, same: int, verdict: str
) -> None:
    asked = gate.terms("balanced", is_first=True)

    assert compared(better, worse, same, asked).verdict == verdict


def test_c12_all_tests_of_a_strict_project_share_one_error() -> None:
    last: Spent | None = None
    spent = []
    for _ in range(2000):
        look, alpha = gate.spend(last)
        spent.append(alpha)
        last = Spent(look, alpha, has_promoted=False)

    assert last is not None
    assert last.look == 2000
    assert spent == sorted(spent, reverse=True)
    # The rest is the tail of the zeta series, at most the integral from 2000 on.
    tail = gate.ALPHA / gate.ZETA * 2000 ** (1 - gate.DECAY) / (gate.DECAY - 1)
    assert sum(spent) < gate.ALPHA
    assert sum(spent) + tail == pytest.approx(gate.ALPHA, rel=1e-4)


def test_c12_a_promotion_hands_its_error_on_and_only_a_promotion() -> None:
    _, alpha = gate.spend(None)
    _, poor = gate.spend(Spent(1, alpha, has_promoted=False))

    look, rich = gate.spend(Spent(1, alpha, has_promoted=True))

    assert look == 2
    assert rich == pytest.approx(poor + alpha)


def test_c12_where_nothing_can_pass_nothing_is_spent() -> None:
    # So late in its life a test is allowed 10^-5: 14 of 14 is more than that.
    asked = gate.terms("strict", last=Spent(158, 6e-6, has_promoted=False))

    few = compared(14, 0, 986, asked)
    enough = compared(20, 0, 980, asked)

    assert 2**-14 > (asked.alpha or 0) > 2**-20
    assert (few.verdict, few.has_tested) == ("cannot tell", False)
    assert (enough.verdict, enough.has_tested) == ("promote", True)


@pytest.mark.parametrize("seed", [1, 2])
def test_c12_equal_models_hardly_ever_pass_a_strict_gate_in_a_whole_life(
    seed: int,
) -> None:
    """Thirty retrains, one of ten items differs; balanced promotes in nearly all."""
    rng = np.random.default_rng(seed)
    lives = 300

    fooled = dict.fromkeys(("strict", "balanced"), 0)
    for policy in ("strict", "balanced"):
        for _ in range(lives):
            fooled[policy] += _is_fooled(policy, rng)

    # Of 300 lives at 5 %: 15, and 25 or more in 1 of 100.
    assert fooled["strict"] < 25
    assert fooled["balanced"] > 0.9 * lives


def _is_fooled(policy: GatePolicy, rng: np.random.Generator) -> bool:
    """Whether a gate promotes one of 30 equal models, each judged on fresh items."""
    last: Spent | None = None
    for _ in range(30):
        asked = gate.terms(policy, last=last)
        better = int(rng.binomial(30, 0.5))
        counts = PairedCounts(300, better, 30 - better)
        if gate.decided(counts, asked) == "promote":
            return True
        if asked.look and asked.alpha:
            last = Spent(asked.look, asked.alpha, has_promoted=False)
    return False


@pytest.mark.parametrize(
    ("better", "worse", "n", "needed"),
    [
        # By hand: p1 = 13/102, p2 = 11/102; 2.124² · (.2353 − .0196²) / .0396².
        (12, 10, 100, 676),
        # Nothing differs of 100: 2/102 are taken to, so 10 of 510 will.
        (0, 0, 100, 510),
        (0, 0, 0, 100),
        # Worse: it needs no more than the least to say so.
        (2, 10, 50, 100),
        # With these it could not tell, so one more at least.
        (9, 0, 600, 601),
    ],
)
def test_how_many_items_are_expected_to_tell(
    better: int, worse: int, n: int, needed: int
) -> None:
    assert gate.needed(PairedCounts(n, better, worse), gate.terms("balanced")) == needed


def test_so_many_items_tell_in_four_of_five_samples() -> None:
    n = gate.needed(PairedCounts(100, 12, 10), gate.terms("balanced"))
    shares = [13 / 102, 11 / 102, 78 / 102]
    samples = np.random.default_rng(1).multinomial(n, shares, size=4000)

    bounds = np.array([gate.lower_bound(b, c, n) for b, c, _ in samples])

    assert (bounds > -gate.MARGIN).mean() == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("look", [1, 5, 20])
def test_c12_so_many_items_tell_in_four_of_five_samples_of_a_strict_gate(
    look: int,
) -> None:
    asked = gate.terms("strict", last=Spent(look - 1, 0, has_promoted=False))
    n = gate.needed(PairedCounts(200, 20, 8), asked)
    shares = [21 / 202, 9 / 202, 172 / 202]
    samples = np.random.default_rng(1).multinomial(n, shares, size=1000)

    verdicts = [
        gate.decided(PairedCounts(n, int(b), int(c)), asked) == "promote"
        for b, c, _ in samples
    ]

    assert np.mean(verdicts) == pytest.approx(0.8, abs=0.05)


def test_c12_a_tested_version_waits_for_the_next_and_dearer_test() -> None:
    asked = gate.terms("strict")
    counts = PairedCounts(200, 14, 6)

    comparison = compared(14, 6, 180, asked)

    later = gate.terms("strict", last=Spent(1, asked.alpha or 0, has_promoted=False))
    assert comparison.needed == gate.needed(counts, later) > gate.needed(counts, asked)


def test_c12_what_will_never_tell_still_fits_a_row() -> None:
    asked = gate.terms("strict", last=Spent(500, 0, has_promoted=False))

    assert gate.needed(PairedCounts(1_000_000, 5001, 5000), asked) == gate.MOST_NEEDED


@pytest.mark.parametrize(
    ("policy", "is_first"),
    list(itertools.product(("strict", "balanced", "manual"), (True, False))),
)
def test_c12_a_decision_is_made_again_from_its_terms_and_counts(
    policy: GatePolicy, *, is_first: bool
) -> None:
    asked = gate.terms(policy, is_first=is_first, last=Spent(3, 0.001, True))

    for counts in ((30, 2, 168), (14, 9, 200), (2, 9, 189), (3, 1, 30)):
        comparison = compared(*counts, asked)
        again = PairedCounts(comparison.n, comparison.better, comparison.worse)
        assert gate.decided(again, comparison.terms) == comparison.verdict
        assert (comparison.needed > comparison.n) == (
            comparison.verdict == "cannot tell"
        )
    assert asked.policy == policy


def test_c12_what_is_worse_on_a_part_does_not_take_over() -> None:
    old, new = [False] * 30 + [True] * 170, [True] * 200
    parts = [Part("tag", name, 40, 0, 9, 0.001, 0.02, name == "dark") for name in "ab"]
    dark = Part("tag", "dark", 40, 0, 9, 0.001, 0.02, is_worse=True)

    strict, balanced = gate.terms("strict"), gate.terms("balanced")
    for asked in (strict, balanced):
        comparison = gate.compare(old, new, asked, [*parts, dark])
        assert (comparison.verdict, comparison.worse_on) == ("worse on a part", [dark])
        assert gate.compare(old, new, asked, parts).verdict == "promote"
    # Where it would not take over anyway, that is the verdict.
    assert gate.compare(new, old, strict, [dark]).verdict == "not better"
    by_hand = gate.compare(old, new, gate.terms("manual"), [dark])
    assert by_hand.verdict == "a person decides"


def test_p_values_of_known_tables() -> None:
    # Half of P(X = 1) for X ~ Bin(1, ½).
    assert signs.mid_p(1, 0) == pytest.approx(0.25)
    assert signs.mid_p(0, 0) == 1
    assert signs.mid_p(0, 1) == pytest.approx(0.75)
    # Of 1,024 outcomes 1 + 10 + 45 are as good.
    assert signs.exact_p(8, 2) == pytest.approx(56 / 1024)
    assert signs.exact_p(0, 3) == signs.exact_p(0, 0) == 1


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 200))
def test_the_two_sides_of_a_comparison_mirror_each_other(
    better: int, worse: int, same: int
) -> None:
    n = better + worse + same

    bound = gate.lower_bound(better, worse, n)

    assert bound <= (better - worse) / (n + 2)
    if better + worse:
        total = signs.mid_p(better, worse) + signs.mid_p(worse, better)
        assert total == pytest.approx(1)


def test_models_that_were_judged_on_other_items_are_not_compared() -> None:
    with pytest.raises(ValueError, match="same items"):
        gate.compare([True], [], gate.terms("balanced"))


def test_c12_items_of_one_group_count_as_what_they_tell() -> None:
    # Ten customers with twelve items each; on one of them the challenger is right.
    old = [False] * 120
    new = [True] * 12 + [False] * 108
    groups = [place // 12 for place in range(120)]
    strict, balanced = gate.terms("strict"), gate.terms("balanced")

    alone = [gate.compare(old, new, asked) for asked in (strict, balanced)]
    together = [
        gate.compare(old, new, asked, groups=groups) for asked in (strict, balanced)
    ]

    assert [c.verdict for c in alone] == ["promote", "promote"]
    assert [c.verdict for c in together] == ["cannot tell", "cannot tell"]
    # Ten customers of twelve items tell as much as ten items.
    assert signs.design_effect(together[0].terms.nets, 12) == 12
    assert together[0].exact_p == 0.5
    assert together[1].lower_bound < alone[1].lower_bound
    assert together[1].needed >= 12 * 100
    assert not any(c.has_tested for c in together)


def test_groups_in_which_a_model_gains_as_much_as_it_loses_tell_nothing() -> None:
    # Of five pairs each gains one and loses one; two more items are gained alone.
    old = [False, True] * 5 + [False] * 110
    new = [True, False] * 5 + [True] * 2 + [False] * 108
    groups = [place // 2 for place in range(10)] + list(range(10, 120))

    assert gate.compare(old, new, gate.terms("balanced")).has_tested
    assert not gate.compare(old, new, gate.terms("balanced"), groups=groups).has_tested


def test_groups_of_one_item_change_nothing() -> None:
    rng = np.random.default_rng(4)
    old, new = (rng.random(300) < 0.7).tolist(), (rng.random(300) < 0.75).tolist()
    asked = gate.terms("strict")

    plain = gate.compare(old, new, asked)

    assert gate.compare(old, new, asked, groups=list(range(300))) == plain
    # What is told of the groups gives the same p where each is an item.
    ones = [1] * plain.better + [-1] * plain.worse
    p = signs.exact_p(plain.better, plain.worse, ones)
    assert p == pytest.approx(plain.exact_p)
    assert signs.mid_p(0, 0, ones) == pytest.approx(plain.mid_p)


def test_whole_groups_change_sides_by_chance() -> None:
    # Sums of ±3 ±1 ±1 that are 3 or more: 5, 3 and 3 of eight.
    assert signs.exact_p(4, 1, [3, 1, -1]) == pytest.approx(3 / 8)
    assert signs.mid_p(4, 1, [3, 1, -1]) == pytest.approx(2 / 8)
    assert signs.nets([True, False], [False, True], ["a", "a"]) == [0]
    assert signs.exact_p(1, 1, [0]) == 1


def test_the_verdict_follows_from_what_is_kept_of_groups_too() -> None:
    old = [False] * 200
    new = [True] * 60 + [False] * 140
    groups = [place // 3 for place in range(200)]

    compared = gate.compare(old, new, gate.terms("strict"), groups=groups)

    counts = gate.PairedCounts(compared.n, compared.better, compared.worse)
    assert compared.verdict == gate.decided(counts, compared.terms)
    assert len(compared.terms.nets) == 20
