"""A student that paints as its teacher does."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from artem.core.errors import TrainingError
from artem.learn.encoders import VGG
from artem.learn.networks import SlimNet, style_vector
from artem.learn.training.imitation import ImitationLoss, inherit, octaves_loss
from artem.learn.training.imitator import ImitationRecipe, Imitator
from artem.learn.training.photos import PhotoFolder

MakePhotos = Callable[[int], Path]

RECIPE = ImitationRecipe(steps=24, batch=2, crop_px=32, learning_rate=5e-3)


@pytest.fixture(autouse=True)
def float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARTEM_BFLOAT16", "0")


def make_teacher(styles: int = 2) -> tuple[SlimNet, torch.Tensor]:
    torch.manual_seed(5)
    teacher = SlimNet(stem=8, trunk=8, half=4, blocks=1, refine=1)
    vectors = style_vector(teacher).repeat(styles, 1)
    vectors += 0.3 * torch.randn_like(vectors)
    return teacher, vectors


def make_imitator(
    photos: Path, recipe: ImitationRecipe = RECIPE, *, binary: int = 0, encoder: VGG | None = None
) -> Imitator:
    teacher, vectors = make_teacher()
    torch.manual_seed(6)
    student = SlimNet(stem=8, trunk=8, half=4, blocks=1, refine=1, binary=binary)
    start, _ = inherit(student, teacher, vectors, style_vector(student))
    loss = ImitationLoss(teacher, vectors, encoder=encoder)
    return Imitator(student, start, loss, PhotoFolder(photos), recipe, device="cpu")


def test_octaves_count_coarse_and_fine_by_hand() -> None:
    told = torch.zeros(1, 3, 16, 16)
    flat = torch.full_like(told, 0.25)
    torch.testing.assert_close(octaves_loss(flat, told), torch.tensor([0.25]))  # the rest alone
    checkered = torch.ones(1, 3, 16, 16)
    checkered[..., ::2, ::2] = -1
    checkered[..., 1::2, 1::2] = -1
    torch.testing.assert_close(octaves_loss(checkered, told), torch.tensor([1.0]))  # finest alone
    halves = torch.ones(1, 3, 16, 16)
    halves[..., :8] = -1
    torch.testing.assert_close(octaves_loss(halves, told), torch.tensor([1.0]))  # coarsest alone
    torch.testing.assert_close(octaves_loss(halves + 2 * checkered, told), torch.tensor([3.0]))
    odd = torch.rand(2, 3, 17, 31)
    assert octaves_loss(odd, odd).tolist() == [0, 0]


def test_a_student_of_the_same_build_inherits_everything() -> None:
    teacher, vectors = make_teacher()
    student = SlimNet(stem=8, trunk=8, half=4, blocks=1, refine=1)
    start, taken = inherit(student, teacher, vectors, style_vector(student))
    assert len(taken) == len(student.state_dict())
    photo = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(student(photo, start[:1]), teacher(photo, vectors[:1]))


def test_a_binary_student_inherits_all_but_the_trunk() -> None:
    teacher, vectors = make_teacher()
    student = SlimNet(stem=8, trunk=8, half=4, blocks=1, refine=1, binary=16)
    start, taken = inherit(student, teacher, vectors, style_vector(student))
    assert {name.split(".")[0] for name in taken} == {
        "stem", "grain", "down", "up", "refine", "to_half", "to_full"
    }  # fmt: skip
    stem, down = slice(0, 16), slice(16, 34)  # grain's part is the first of the second
    assert torch.equal(start[:, stem], vectors[:, stem])
    assert torch.equal(start[:, down], vectors[:, down])
    assert torch.equal(start[:, -9:], vectors[:, -9:])
    trunk = slice(34, 34 + 32 + 4 * 16 + 16)
    assert torch.equal(start[0, trunk], style_vector(student)[trunk])


@pytest.mark.parametrize("binary", [0, 16])
def test_a_student_learns_and_goes_on_from_a_checkpoint(
    make_photos: MakePhotos, tmp_path: Path, binary: int
) -> None:
    photos = make_photos(4)
    whole = make_imitator(photos, binary=binary)
    if not binary:  # or there would be nothing to learn
        with torch.no_grad():
            whole.vectors += 0.3 * torch.randn(whole.vectors.shape)
    start, start_vectors = whole.student.state_dict(), whole.vectors.detach().clone()
    start = {name: tensor.clone() for name, tensor in start.items()}
    contents = whole.photos.batch(2, 32, 9, 0)
    before = whole.judge(contents)
    whole.run(lambda done: done.step == 12 and whole.save(tmp_path / "half.pt"))
    after = whole.judge(contents)
    assert bool((after < 0.9 * before).all())
    half = make_imitator(photos, binary=binary)
    half.student.load_state_dict(start)
    with torch.no_grad():
        half.vectors.copy_(start_vectors)
    half.resume(tmp_path / "half.pt")
    assert half.step == 12
    half.run()
    assert torch.equal(half.vectors, whole.vectors)
    ours, theirs = half.student.state_dict(), whole.student.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    with pytest.raises(TrainingError, match="other settings"):
        make_imitator(photos, ImitationRecipe(steps=25)).resume(tmp_path / "half.pt")
    if binary:
        with pytest.raises(TrainingError, match="another network"):
            make_imitator(photos).resume(tmp_path / "half.pt")


def test_what_was_inherited_learns_at_a_rate_of_its_own(make_photos: MakePhotos) -> None:
    teacher, vectors = make_teacher()
    student = SlimNet(stem=8, trunk=8, half=4, blocks=1, refine=1, binary=16)
    start, taken = inherit(student, teacher, vectors, style_vector(student))
    before = {name: tensor.clone() for name, tensor in student.state_dict().items()}
    loss = ImitationLoss(teacher, vectors)
    recipe = replace(RECIPE, steps=2, inherited_rate=0.0)
    photos = PhotoFolder(make_photos(2))
    Imitator(student, start, loss, photos, recipe, inherited=taken, device="cpu").run()
    same = {name for name, now in student.state_dict().items() if torch.equal(now, before[name])}
    # The head's last layer is made level after each step.
    assert same | {"to_full.conv.weight", "to_full.conv.bias"} == set(taken)


def test_latent_weights_are_adam_s(make_photos: MakePhotos) -> None:
    imitator = make_imitator(make_photos(2), binary=16)
    adam, muon = imitator.optimizers
    theirs = {id(p) for group in muon.param_groups for p in group["params"]}
    ours = {id(p) for group in adam.param_groups for p in group["params"]}
    names = {name for name, p in imitator.student.named_parameters() if id(p) in ours}
    assert {f"trunk.layers.{index}.weight" for index in range(2)} < names
    assert all(p.ndim == 1 or "trunk" in name for name, p in imitator.student.named_parameters()
               if name in names)  # fmt: skip
    assert len(ours | theirs) == len(list(imitator.student.parameters())) + 1
    assert not ours & theirs


def test_features_are_compared_where_an_encoder_is_given(
    make_photos: MakePhotos, tiny_vgg: VGG
) -> None:
    imitator = make_imitator(make_photos(2), encoder=tiny_vgg)
    seen: list[set[str]] = []
    imitator.run(lambda done: bool(seen.append(set(done.terms)) or done.step == 2))  # type: ignore[func-returns-value]
    assert seen == [{"pixels", "features"}] * 2
    told = torch.rand(2, 3, 32, 32)
    terms = imitator.loss(told, told)
    assert terms["pixels"].tolist() == terms["features"].tolist() == [0, 0]


def test_what_cannot_be_taught_is_refused(make_photos: MakePhotos) -> None:
    teacher, vectors = make_teacher()
    with pytest.raises(TrainingError, match="not the teacher's"):
        ImitationLoss(teacher, vectors[:, 1:])
    with pytest.raises(TrainingError, match="multiple of 8 from 32 up"):
        make_imitator(make_photos(1), ImitationRecipe(crop_px=36))
    with pytest.raises(TrainingError, match="Did you mean 'adam'"):
        ImitationRecipe(optimizer="adm")
    with pytest.raises(TrainingError, match=r"batch is 0"):
        ImitationRecipe(batch=0)
    loss = ImitationLoss(teacher, vectors)
    photos = PhotoFolder(make_photos(1))
    with pytest.raises(TrainingError, match="do not suit a student"):
        Imitator(teacher, vectors[:1], loss, photos, RECIPE)
