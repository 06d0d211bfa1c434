"""The faults by number, each with its tests; ``make faults`` runs them.

What no test tries is in ``LEFT``, with the reason.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Fault(NamedTuple):
    """What happens, and the tests that let it happen."""

    what: str
    tests: tuple[str, ...]


_UP: Final = "tests/running/test_up.py::"
FAULTS: Final[dict[str, Fault]] = {
    "F01": Fault(
        "a web process is killed while votes come in",
        (
            f"{_UP}test_every_part_that_is_killed_comes_back_and_no_vote_is_lost",
            "tests/running/test_station.py::test_a_server_killed_under_a_robot_gets_every_answer_once",
        ),
    ),
    "F02": Fault(
        "a worker is killed while it trains, scores, promotes or imports",
        (
            "tests/activelearn/training/test_killed_trainers.py::test_c1_trainers_killed_anywhere_promote_what_was_judged",
            "tests/activelearn/predictions/test_in_turns.py::test_scores_survive_a_kill_at_any_point",
            "tests/attacks/test_tally.py::test_attack_34_the_tally_is_the_same_after_deaths_of_its_worker",
        ),
    ),
    "F03": Fault(
        "the broker begins anew, or has lost everything",
        (
            "tests/running/test_doorbells.py::test_what_was_taken_and_not_done_is_given_back",
            "tests/running/test_doorbells.py::test_a_bell_after_the_database_has_cut_the_connection_is_heard",
            "tests/faults/test_faults.py::test_f03_a_job_whose_bell_was_lost_is_rung_again",
        ),
    ),
    "F04": Fault(
        "the database is killed and begins anew",
        (
            f"{_UP}test_a_killed_database_forgets_no_item_that_was_lent",
            f"{_UP}test_a_database_comes_back_while_a_query_of_the_one_before_runs_on",
            "tests/test_database_away.py::test_a_call_is_told_to_try_again",
        ),
    ),
    "F05": Fault(
        "the disk of the database is full",
        (
            "tests/attacks/test_disk_full.py::test_attack_15_votes_are_refused_in_words_while_all_can_be_read",
            "tests/attacks/test_disk_full.py::test_attack_15_a_job_waits_until_there_is_room",
        ),
    ),
    "F06": Fault(
        "the disk of the files is full",
        (
            "tests/labeling/transfer/test_export.py::test_a_full_disk_is_told_in_words",
            "tests/faults/test_faults.py::test_f06_an_upload_that_the_disk_does_not_take_leaves_nothing",
        ),
    ),
    "F07": Fault(
        "the browser is offline",
        (
            "tests/e2e/test_station.py::test_thirty_answers_offline_arrive_when_the_server_is_back",
            "tests/e2e/test_grid.py::test_what_is_offline_is_sent_later_and_what_is_not_answered_goes_back",
        ),
    ),
    "F08": Fault(
        "the network is slow and loses answers",
        (
            "tests/e2e/test_station.py::test_an_answer_whose_receipt_was_lost_counts_once",
            "tests/e2e/test_slow_net.py::test_f08_on_a_slow_line_that_breaks_every_answer_counts_once",
        ),
    ),
    "F09": Fault(
        "clocks differ",
        (
            "tests/faults/test_faults.py::test_f09_leases_go_by_the_clock_of_the_database",
        ),
    ),
    "F10": Fault(
        "a worker has no memory left",
        (
            "tests/faults/test_faults.py::test_f10_a_job_without_memory_fails_and_the_worker_goes_on",
        ),
    ),
    "F11": Fault(
        "a row or file is poison",
        (
            "tests/labeling/transfer/test_run.py::test_good_rows_are_kept_and_bad_rows_named",
            "tests/labeling/transfer/test_images.py::test_pictures_that_are_damaged_inside_cost_only_themselves",
            "tests/test_hostile_calls.py::test_nonsense_is_refused_and_never_an_error_of_ours",
        ),
    ),
    "F12": Fault(
        "the file of a model or of features is damaged or gone",
        (
            "tests/activelearn/versions/test_healing.py::test_attack_11_the_version_before_serves_in_the_place_of_a_damaged_one",
            "tests/activelearn/features/test_damaged.py::test_attack_12_features_are_made_again_from_the_items",
        ),
    ),
    "F13": Fault(
        "a million items are migrated while people label them",
        (
            "tests/faults/test_migration.py::test_f13_an_update_holds_up_nobody_for_long",
        ),
    ),
    "F14": Fault(
        "everything is restored from a backup",
        ("tests/test_backup.py::test_a_restored_backup_has_every_vote_and_file",),
    ),
    "F15": Fault(
        "a message comes twice",
        (
            "tests/labeling/work/test_turns.py::test_every_job_has_run_once_when_each_has_rung",
            "tests/running/test_many_workers.py::test_two_schedulers_and_five_workers_at_once_change_nothing",
        ),
    ),
    "F16": Fault(
        "a worker stands still and wakes when another has its job",
        (
            "tests/labeling/transfer/test_run.py::test_the_counts_are_those_of_the_attempt_that_has_the_job",
            "tests/faults/test_alive.py::test_f16_a_worker_that_stood_still_changes_nothing_when_it_wakes",
        ),
    ),
    "F17": Fault(
        "the release changes while somebody labels",
        (
            "tests/running/test_open_page.py::test_f17_a_page_of_the_release_before_goes_on_with_the_new_one",
        ),
    ),
    "F18": Fault(
        "everybody comes at once",
        (
            "tests/labeling/queue/test_queue.py::test_racing_people_never_share_a_slot",
            "tests/faults/test_alive.py::test_f18_five_hundred_leases_at_once_lend_nothing_twice",
        ),
    ),
    "F19": Fault(
        "two want the same rows in another order",
        (
            "tests/labeling/queue/test_queue.py::test_two_windows_of_one_person_never_wait_for_each_other_for_good",
            "tests/labeling/experts/test_adjudicate.py::test_settling_and_deciding_at_the_same_moment_do_not_block_each_other",
        ),
    ),
    "F20": Fault(
        "a project, its items or a member go while people label",
        (
            "tests/activelearn/test_project_removal.py::test_everybody_is_out_at_once_and_the_name_is_free",
            "tests/labeling/projects/test_removal.py::test_people_at_work_while_items_are_deleted_lose_nothing_else",
        ),
    ),
}
LEFT: Final[dict[str, str]] = {}
