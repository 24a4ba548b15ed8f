module andel.dk/lab/forward

go 1.26.0
