# A composer looks for ideas, keeps what is good and asks again for the rest.
bachbot harmonize twinkle.musicxml --number 2 --seed 3 -o idea.musicxml
bachbot diff idea-1.musicxml idea-2.musicxml
# Bars 5 and 6 again: the tune stays, and the alto as it is in bar 5.
bachbot harmonize idea-1.musicxml --bars 5-6 --given soprano --given alto:5 -o second.musicxml
# Chords and cadences by hand.
bachbot harmonize twinkle.musicxml --cadences "4:HC 12:PAC" -o cadences.musicxml --numerals
# A new piece by a plan, and the tune in another mood.
bachbot compose --form "AA'" --bars 8 --seed 1 -o plan.musicxml
bachbot mood twinkle.musicxml --mood joyful -o joyful.mp3
