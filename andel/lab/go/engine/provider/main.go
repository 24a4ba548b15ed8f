// SPDX-License-Identifier: MPL-2.0

// Command provider is pulumi-resource-kubernetes, built from the provider's own module.
package main

import (
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
)

var version = "4.25.0"

func main() {
	provider.Serve("kubernetes", version, []byte("{}"), []byte("{}"))
}
