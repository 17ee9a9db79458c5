"""MusicXML written: voices added to a page, pages made of chorales, bars rewritten in place."""
