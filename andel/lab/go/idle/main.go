// SPDX-License-Identifier: MPL-2.0

// Command idle stands where a picker's tokenizer would: it is well, and does nothing. The lab's picker never asks it.
package main

import (
	"log"
	"net/http"
)

func main() {
	// Source: KServe v0.20.0, preset of the picker: probes GET /healthz on 8082.
	http.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	log.Fatal(http.ListenAndServe(":8082", nil))
}
