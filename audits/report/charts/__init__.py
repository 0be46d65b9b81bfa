"""Small drawings in SVG: pure functions of numbers. Colours come from the page's style, text is escaped here.

Strips, bars and axes place everything in percent, so that they stretch to any column while circles stay
round. Each drawing's numbers stand in the table that it belongs to; screen readers are sent there.
"""
