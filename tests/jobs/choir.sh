# A choir director has a tune and a rehearsal on Thursday.
# The altos are few and low, and the tenors do not like to go above E4.
bachbot config set choirs.village.alto G3:C5
bachbot config set choirs.village.tenor C3:E4
# A setting that they can sight-read, in the key that suits them, with the words under every voice:
# a page to print, a file for the notation program, and a recording for the parish newsletter.
bachbot harmonize amazing-grace.musicxml --choir village --transpose best --style plain \
    --words all -o grace.pdf -o grace.musicxml -o grace.mp3
# What singers take home.
bachbot practice grace.musicxml --format ogg -o practice
# The same setting with large notes on American paper.
bachbot render grace.musicxml --paper letter --size large -o grace-large.pdf
