"""Parsing a page like a browser or a screen reader."""

from html.parser import HTMLParser

VOID = {"meta", "link", "img", "br", "hr", "input"}
ADDRESSES = ("src", "href", "srcset", "data", "action", "poster")


class Page(HTMLParser):
    """A page taken apart; fails where an element is not closed in order.

    Args:
        html: The page.
    """

    def __init__(self, html):
        super().__init__()
        self.open, self.elements, self.texts = [], [], {}
        self.feed(html)
        self.close()
        assert self.open == [], f"not closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), list(self.open)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open}"
        self.open.pop()

    def handle_data(self, data):
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)

    def all(self, tag):
        """Attributes of every element of a kind."""
        return [attributes for name, attributes, _ in self.elements if name == tag]

    def text(self, tag):
        """Text of the elements of a kind."""
        return self.texts.get(tag, [])

    def addresses(self):
        """All addresses in the page."""
        found = [a[key] for _, a, _ in self.elements for key in ADDRESSES if key in a]
        return [address for address in found if address]
