"""The chapter `new-chapter`: what holds of its study, whatever the seed."""

from isru.chapters.new_chapter.study import NAMES, outputs


def test_isru_shrinks_a_normal_signal_more_than_tanh():
    table = outputs(10_000, seed=0).set_index("activation")["mean_square"]
    assert list(table.index) == list(NAMES)
    assert table["isru"] < table["tanh"] < 1
