package main

import (
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
)

var version = "4.25.0"

func main() {
	provider.Serve("kubernetes", version, []byte("{}"), []byte("{}"))
}
