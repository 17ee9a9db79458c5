# A researcher measures a decoder on held-out chorales and on tunes of her own.
bachbot corpus prepare
bachbot evaluate partwriting --part validation --limit 2 --json > partwriting.json
bachbot evaluate music --tunes tunes --json > music.json
# The same tunes in files, with log-probabilities.
bachbot harmonize tunes --greedy --jobs 1 --json -o harmonized > harmonized.json
# What the search held against one of them, bar by bar.
bachbot explain harmonized/twinkle.musicxml --charges --json > charges.json
