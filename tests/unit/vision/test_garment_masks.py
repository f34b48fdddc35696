import numpy as np
import torch
from PIL import Image, ImageDraw

from couturier.vision.foreground import find_foreground, shrink
from couturier.vision.masks import LabelledPicture, label_picture, settle_labels
from couturier.vision.segmenter import GarmentSegmenter


def draw(boxes, *, ground="#f0ece6", size=(128, 128)):
    picture = Image.new("RGB", size, ground)
    for box, colour in boxes:
        ImageDraw.Draw(picture).rectangle(box, fill=colour)
    return picture


def test_what_stands_off_a_plain_ground_is_found():
    _, mask = find_foreground(draw([((40, 30, 90, 110), "#204080")]))
    assert abs(mask.mean() - 51 * 81 / 128**2) < 0.02
    assert mask[60, 60]
    assert not mask[5, 5]


def test_a_busy_ground_has_no_foreground():
    noise = np.random.default_rng(0).integers(0, 256, size=(128, 128, 3), dtype=np.uint8)
    assert find_foreground(Image.fromarray(noise)) is None


def test_an_empty_picture_has_no_foreground():
    assert find_foreground(draw([])) is None


def test_regions_come_largest_first_without_specks():
    labels = np.zeros((128, 128), np.uint8)
    labels[5:15, 5:15], labels[40:100, 40:100], labels[120, 120] = 1, 1, 1
    picture = LabelledPicture(np.zeros((128, 128, 3), np.uint8), labels, ("background", "shoes"))
    assert [int(region.sum()) for region in picture.find_regions(("shoes",))] == [3600, 100]
    assert picture.find_regions(("hat",)) == []


NAMES = ("background", "top", "skirt", "belt")


def label(picture, *pieces):
    """A picture labelled in boxes: (class, left, top, right, bottom) each."""
    labels = np.zeros(picture.size[::-1], np.uint8)
    for name, left, top, right, bottom in pieces:
        labels[top:bottom, left:right] = NAMES.index(name)
    return LabelledPicture(np.asarray(picture), labels, NAMES)


TOP = draw([((40, 30, 89, 99), "#204080")])


def test_a_patch_of_one_colour_votes_for_one_class():
    speckled = label(TOP, ("top", 40, 30, 90, 100), ("skirt", 45, 80, 70, 100))
    settled = settle_labels(speckled)
    assert set(np.unique(settled.labels[30:100, 40:90])) == {NAMES.index("top")}


def test_two_classes_asked_for_keep_their_border_in_one_colour():
    outfit = label(TOP, ("top", 40, 30, 90, 65), ("skirt", 40, 65, 90, 100))
    settled = settle_labels(outfit, ("top", "skirt"))
    assert np.array_equal(settled.labels, outfit.labels)


def test_a_floor_is_ground_whatever_it_was_taken_for():
    room = draw([((0, 100, 127, 127), "#dc9a78"), ((40, 30, 89, 90), "#204080")])
    labelled = label(room, ("belt", 0, 100, 128, 128), ("top", 40, 30, 90, 91))
    settled = settle_labels(labelled)
    assert settled.find_regions(("belt",)) == []
    assert len(settled.find_regions(("top",))) == 1


def test_a_white_shirt_before_white_is_not_ground():
    shirt = label(draw([], ground="#ffffff"), ("top", 40, 30, 90, 100))
    assert np.array_equal(settle_labels(shirt).labels, shirt.labels)


def test_a_thin_belt_keeps_its_rim():
    belt = np.zeros((128, 128), bool)
    belt[60:62, 20:100] = True
    assert shrink(belt).sum() == belt.sum()


def test_a_picture_that_is_not_square_is_labelled_in_its_own_proportions():
    torch.manual_seed(0)
    segmenter = GarmentSegmenter(("background", "top")).eval()
    labelled = label_picture(draw([], size=(96, 192)), segmenter)
    assert labelled.pixels.shape == (128, 64, 3)
    assert labelled.labels.shape == (128, 64)
    assert labelled.names == ("background", "top")
