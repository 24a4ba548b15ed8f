module andel.dk/lab/idle

go 1.26.0
