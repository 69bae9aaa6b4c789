"""A face drawn with a few shapes, which a detector takes for one: no photograph lies in the tests."""

from PIL import Image, ImageDraw, ImageFilter

EYES = ((0.36, 0.42), (0.64, 0.42))  # as fractions of the side


def drawn_face(side: int = 256) -> Image.Image:
    """A square picture with one upright face in its middle, eyes at `EYES`."""
    big = 4 * side
    image = Image.new("RGB", (big, big), (120, 130, 140))
    pen = ImageDraw.Draw(image)

    def oval(x: float, y: float, w: float, h: float, colour: tuple[int, int, int]) -> None:
        pen.ellipse([(x - w) * big, (y - h) * big, (x + w) * big, (y + h) * big], fill=colour)

    oval(0.5, 0.44, 0.32, 0.40, (50, 36, 28))  # hair
    pen.rectangle([0.41 * big, 0.8 * big, 0.59 * big, big], fill=(196, 150, 126))  # neck
    oval(0.5, 0.50, 0.27, 0.36, (224, 180, 156))
    oval(0.5, 0.24, 0.25, 0.11, (50, 36, 28))  # fringe
    for x, y in EYES:
        oval(x, y - 0.065, 0.085, 0.016, (70, 48, 36))  # brow
        oval(x, y, 0.075, 0.04, (196, 150, 128))
        oval(x, y, 0.06, 0.024, (245, 242, 238))
        oval(x, y, 0.026, 0.026, (62, 42, 30))
        oval(x, y, 0.012, 0.012, (12, 10, 10))
    pen.polygon(
        [(0.5 * big, 0.44 * big), (0.455 * big, 0.6 * big), (0.545 * big, 0.6 * big)],
        fill=(208, 160, 136),
    )
    for x in (0.475, 0.525):
        oval(x, 0.605, 0.016, 0.009, (120, 74, 62))
    oval(0.5, 0.71, 0.105, 0.035, (176, 84, 84))
    oval(0.5, 0.706, 0.1, 0.009, (110, 44, 46))
    return image.filter(ImageFilter.GaussianBlur(big / 160)).resize((side, side))
