module fastfn.invalid

go 1.18
