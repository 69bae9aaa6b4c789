"""The tagger: padding, batches, gradients, learning, hashes; on made-up characters only."""

import random

import pytest
import torch

from core.models.tag_heads import DECODERS, MEMM, SoftmaxHead, locally_normalised, make_head
from core.models.tagger import Tagger, TaggerConfig
from core.text.characters import (
    KNOWN,
    PADDING,
    UNKNOWN,
    encode_texts,
    hash_strings,
    hash_words,
    look_up,
    shorten,
)
from core.text.vocabulary import Vocabulary

ENCODERS = pytest.mark.parametrize("encoder", ["bilstm", "dgcnn"])
ANY_DECODER = pytest.mark.parametrize("decoder", DECODERS)


def build(encoder="bilstm", decoder="crf", dropout=0.0, layers=2) -> Tagger:
    torch.manual_seed(0)
    config = TaggerConfig(
        vocab_size=20,
        scheme="BIO",
        types=("A", "B"),
        side_tags=(3, 4),
        decoder=decoder,
        encoder=encoder,
        bigrams=40,
        lexicons=(6, 5),
        character_width=8,
        bigram_width=6,
        lexicon_width=4,
        width=12,
        layers=layers,
        dropout=dropout,
    )
    model = Tagger(config)
    pairs = torch.cartesian_prod(torch.arange(20), torch.arange(20))[::10]
    words = shorten(hash_strings(sentences()[0].unfold(0, 3, 1))).unique()
    model.inputs.know(shorten(hash_strings(pairs)), [words[:6], words[-5:]])
    return model


def sentences() -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    characters = torch.randint(1, 20, (4, 9), generator=generator)
    lengths = torch.tensor([9, 6, 1, 3])
    return characters.masked_fill(torch.arange(9) >= lengths.unsqueeze(1), PADDING)


@ENCODERS
@ANY_DECODER
def test_alone_or_in_a_batch_and_with_any_padding(encoder, decoder) -> None:
    model, characters = build(encoder, decoder).eval(), sentences()
    made = model.chain(characters)
    paths, marginals, log_z = made.viterbi().tags, made.marginals(), made.log_partition()
    for row, length in enumerate(made.lengths.tolist()):
        alone = model.chain(characters[row : row + 1, :length])
        torch.testing.assert_close(alone.marginals()[0], marginals[row, :length])
        torch.testing.assert_close(alone.log_partition()[0], log_z[row])
        assert torch.equal(alone.viterbi().tags[0], paths[row, :length])


@ENCODERS
@ANY_DECODER
def test_every_parameter_gets_a_gradient(encoder, decoder) -> None:
    model, characters = build(encoder, decoder, dropout=0.1), sentences()
    loss = model(characters, torch.randint(5, characters.shape)).mean()
    for side, tags in enumerate(model.config.side_tags):
        loss = loss + model(characters, torch.randint(tags, characters.shape), side).mean()
    loss.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name
        assert bool(parameter.grad.any()), name


@ENCODERS
@ANY_DECODER
def test_one_batch_can_be_overfitted(encoder, decoder) -> None:
    model, characters = build(encoder, decoder, layers=1), sentences()
    tags = torch.tensor(
        [[1, 2, 0, 3, 4, 4, 0, 0, 1], [0, 0, 1, 2, 2] + [0] * 4, [3] + [0] * 8, [1, 3, 4] + [0] * 6]
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    for _ in range(80):
        optimizer.zero_grad()
        model(characters, tags).mean().backward()
        optimizer.step()
    inside = characters != PADDING
    paths = model.eval().chain(characters).viterbi().tags
    assert torch.equal(paths[inside], tags[inside])


@ANY_DECODER
def test_losses_are_negative_log_likelihoods(decoder) -> None:
    torch.manual_seed(0)
    head = make_head(decoder, 4).double()
    emissions = torch.randn(3, 6, 4, dtype=torch.double)
    mask = torch.arange(6) < torch.tensor([[6], [1], [4]])
    tags = torch.randint(4, (3, 6))
    loss, made = head.loss(emissions, tags, mask), head.chain(emissions, mask)
    if decoder == "memm":  # normalised by steps: the geometric mean of two distributions
        torch.testing.assert_close(loss, -made.score(tags))
        assert (made.log_partition() <= 1e-9).all()
    else:
        torch.testing.assert_close(loss, -made.log_likelihood(tags))


def test_memm_steps_are_those_of_the_definition() -> None:
    torch.manual_seed(0)
    head = MEMM(3).double()
    h, y = torch.randn(1, 4, 3, dtype=torch.double), [2, 0, 1, 1]
    g = head.transitions
    forward = h[0, 0].log_softmax(0)[y[0]] + sum(
        (0.5 * (h[0, t] + g[y[t - 1]])).log_softmax(0)[y[t]] for t in range(1, 4)
    )
    backward = h[0, 3].log_softmax(0)[y[3]] + sum(
        (0.5 * (h[0, t] + g[:, y[t + 1]])).log_softmax(0)[y[t]] for t in range(3)
    )
    loss = head.loss(h, torch.tensor([y]))
    torch.testing.assert_close(loss[0], -(forward + backward) / 2)


def test_softmax_looks_at_no_neighbour() -> None:
    emissions = torch.randn(2, 5, 4)
    made = SoftmaxHead(4).chain(emissions)
    torch.testing.assert_close(made.marginals(), emissions.softmax(dim=2))
    assert torch.equal(made.viterbi().tags, emissions.argmax(dim=2))


def test_legal_decoding_and_the_switch() -> None:
    model, characters = build(decoder="softmax").eval(), sentences()
    tags = model.tag_set.tags

    def names(legal: bool) -> list[list[str]]:
        made = model.chain(characters, legal=legal)
        rows = zip(made.viterbi().tags.tolist(), made.lengths.tolist(), strict=True)
        return [[tags[i] for i in path[:length]] for path, length in rows]

    assert all(model.tag_set.is_legal(path) for path in names(legal=True))
    assert not all(model.tag_set.is_legal(path) for path in names(legal=False))


def test_a_crf_lends_its_scores_to_other_decoders() -> None:
    model, characters = build().eval(), sentences()
    mask, emissions = characters != PADDING, model.emissions(characters)
    softmax = model.chain_by("softmax", emissions, mask).viterbi().tags
    assert torch.equal(softmax[mask], emissions.argmax(dim=2)[mask])
    transitions = model.head.chain(emissions, mask).transitions
    for decoder, chain in (
        ("memm", locally_normalised(emissions, transitions, mask)),
        ("crf", model.chain(characters)),
    ):
        given = model.chain_by(decoder, emissions, mask)
        torch.testing.assert_close(given.marginals(), chain.marginals())
    with pytest.raises(ValueError, match="expected a decoder"):
        model.chain_by("free", emissions, mask)


def test_dropout_silences_channels_in_training_only() -> None:
    from core.models.tagger import ChannelDropout

    layer, x = ChannelDropout(0.5), torch.ones(3, 4, 50)
    out = layer(x)
    assert set(out.unique().tolist()) == {0.0, 2.0}
    assert torch.equal(out, out[:, :1].expand_as(out))
    assert layer.eval()(x) is x


def test_bf16_training_step_is_finite() -> None:
    model, characters = build(dropout=0.1), sentences()
    with torch.autocast("cpu", torch.bfloat16):
        loss = model(characters, torch.zeros_like(characters)).mean()
    assert loss.dtype == torch.float32 and loss.isfinite()
    loss.backward()


def test_flags_mark_lexicon_words_by_place_and_length() -> None:
    vocabulary = Vocabulary("天地玄黄宇宙")
    lexicons = [
        hash_words(words, vocabulary, 8) for words in (["天地", "天地玄", "不明"], ["宇宙洪"])
    ]
    assert [len(words) for words in lexicons] == [2, 0]
    config = TaggerConfig(
        vocab_size=8, scheme="BIO", types=("A",), lexicons=(2,), lexicon_width=2, width=4
    )
    model = Tagger(config)
    model.inputs.know(torch.zeros(0), lexicons[:1])
    flags = model.inputs.flags(encode_texts(["黄天地玄", "天"], vocabulary)).view(2, 4, 4, 3)
    wanted = torch.zeros(2, 4, 4, 3)
    for place, length, part in [(1, 0, 0), (2, 0, 2), (1, 1, 0), (2, 1, 1), (3, 1, 2)]:
        wanted[0, place, length, part] = 1
    assert torch.equal(flags, wanted)


def test_texts_become_numbers_of_the_same_length() -> None:
    vocabulary = Vocabulary("天地A")
    numbers = encode_texts(["天😀地", "", "Ａ\x00"], vocabulary)
    assert numbers.tolist() == [
        [KNOWN, UNKNOWN, KNOWN + 1],
        [PADDING] * 3,
        [KNOWN + 2, UNKNOWN, PADDING],
    ]
    assert encode_texts([], vocabulary).shape == (0, 0)


def test_hashes_tell_strings_apart() -> None:
    generator = random.Random(0)
    strings = {
        tuple(generator.choices(range(9000), k=generator.randint(1, 8))) for _ in range(5000)
    }
    hashes = {int(hash_strings(torch.tensor(string))) for string in strings}
    assert len(hashes) == len(strings)
    assert all(0 <= value < 1 << 62 for value in hashes)
    # Stored weights hold these numbers: the function is a file format.
    assert hash_strings(torch.tensor([[1, 2], [2, 1], [0, 3]])).tolist() == FIXED
    known = torch.tensor([3, 5, 9], dtype=torch.int32)
    asked = torch.tensor([5, 4, 10, 3], dtype=torch.int32)
    assert look_up(known, asked).tolist() == [1, 3, 3, 0]
    assert look_up(known[:0], asked[:2]).tolist() == [0, 0]  # nothing is listed


def test_lists_hold_the_upper_halves_of_hashes() -> None:
    pairs = torch.cartesian_prod(torch.arange(300), torch.arange(300))
    hashes = hash_strings(pairs).sort().values
    known = shorten(hashes[::2])
    assert known.dtype == torch.int32 and (known >= 0).all() and (known.diff() >= 0).all()
    found = look_up(known, hashes)
    assert (found[::2] < len(known)).all()
    assert torch.equal(known[found[::2]], shorten(hashes[::2]))
    passing = (found[1::2] < len(known)).float().mean()
    assert passing < 1e-3  # 45,000 of 2**31: one unknown string in fifty thousand


FIXED = [4276890080393219102, 2685821653807757719, 1497286361580311814]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"encoder": "gru"}, "encoder"),
        ({"decoder": "crf2"}, "decoder"),
        ({"scheme": "IOB"}, "BIOES"),
        ({"vocab_size": 2}, "vocab_size"),
    ],
)
def test_impossible_configs_are_refused(changes, words) -> None:
    with pytest.raises(ValueError, match=words):
        TaggerConfig(**({"vocab_size": 9, "scheme": "BIO", "types": ("A",)} | changes))
