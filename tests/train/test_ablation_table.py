"""The table of ablations: means over seeds, changes seed by seed, steps kept apart."""

from train.ablation_table import summary


def run(f1):
    return {"precision": f1, "recall": f1, "f1": f1, "parameters": 2.5e6}


def test_changes_are_taken_seed_by_seed():
    head, base, less, longer = summary(
        {
            "as shipped @ 100 / 1": run(0.80),
            "as shipped @ 100 / 2": run(0.90),
            "without @ 100 / 2": run(0.85),
            "as shipped @ 900 / 1": run(0.95),
        }
    )
    assert head[0] == "variant" and len({len(row) for row in (head, base, less, longer)}) == 1
    assert base[:3] == ["as shipped", "100", "2"] and base[5].startswith("85.0 ± 7.1")
    assert base[6] == longer[6] == "" and base[7] == "2.5 M"
    assert less[5:7] == ["85.0", "-5.0"]  # against seed 2 alone
    assert longer[1] == "900" and longer[5] == "95.0"


def test_names_may_hold_anything():
    rows = summary({"DGCNN, 6 @ home / away @ 5 / 7": run(0.5)})
    assert rows[1][:3] == ["DGCNN, 6 @ home / away", "5", "1"]
