# A teacher has a student's exercise: four voices, some faults.
bachbot explain exercise.abc
# The faults on the page, each with its reason in the terminal, by strict rules.
bachbot explain exercise.abc --rules strict --depth 3 --marks marked.pdf
# The smallest repair, to compare with the student's own.
bachbot repair exercise.abc -o mended.musicxml
bachbot explain mended.musicxml --against exercise.abc
# How Bach did it: chorales that begin with the same notes.
bachbot bach "C D E F"
