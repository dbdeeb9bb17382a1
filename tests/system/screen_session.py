"""A session at a machine with a framebuffer: what the screen shows is compared with the font's bitmaps cell by
cell."""
import rig
import screen
import unifont

FONT = '/usr/share/unifont/unifont.hex'


def font():
    """8 pixel wide glyphs of the driver's table, those that look alike (Latin and Greek A) once, and what
    stands for each character then."""
    glyphs, first, like = {}, {}, {}
    for code, (width, rows) in sorted(unifont.select(unifont.load(FONT)).items()):
        if width == 8:
            like[code] = first.setdefault(tuple(rows), code)
            glyphs[like[code]] = rows
    return (unifont.HEIGHT, glyphs), like


class Console(rig.Session):
    glyphs, like = font()

    def lines(self):
        """The screen's lines; what is no glyph, pixel by pixel, is '?'."""
        return screen.read_text(self.picture(), self.glyphs)

    def shows(self, *wanted):
        """Waits until these stand below each other as the last lines of text on the screen."""
        wanted = [line.translate(self.like) for line in wanted]

        def last():
            lines = self.lines()
            while lines and not lines[-1]:
                lines.pop()
            return lines[-len(wanted):] == wanted

        self.wait(last, f'{wanted!r} on the screen')

    def at_prompt(self):
        """Waits until the screen has a prompt that waits. The cursor behind it is a cell full of ink."""
        self.wait(lambda: [line for line in self.lines() if line][-1:] == ['hypercore> █'], 'prompt on the screen')
