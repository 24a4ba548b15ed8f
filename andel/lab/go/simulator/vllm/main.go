// SPDX-License-Identifier: MPL-2.0

// Command vllm starts llm-d's inference simulator by vLLM's command line, so that pods start as their manifests say.
// What the simulator has no answer to is left out, and said on standard error. `vllm fetch` stands in for what fetches
// weights: the simulator has none.
package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

const simulator = "/app/llm-d-inference-sim"

// understood are options that mean the same to both (source: llm-d-inference-sim v0.10.2, pkg/common/config.go).
var understood = map[string]bool{
	"block-size": true, "data-parallel-size": true, "lora-modules": true, "max-cpu-loras": true, "max-loras": true,
	"max-model-len": true, "max-num-seqs": true, "port": true, "seed": true, "served-model-name": true,
	"ssl-certfile": true, "ssl-keyfile": true,
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "vllm: write `vllm serve MODEL …` or `vllm fetch …`")
		os.Exit(2)
	}
	if os.Args[1] == "fetch" {
		fmt.Println("simulated weights need no fetching:", strings.Join(os.Args[2:], " "))
		return
	}
	arguments := append([]string{simulator}, translated(os.Args[1:])...)
	fmt.Fprintln(os.Stderr, "vllm: simulated by", strings.Join(arguments, " "))
	fmt.Fprintln(os.Stderr, "vllm:", syscall.Exec(simulator, arguments, os.Environ()))
	os.Exit(1)
}

// translated are the simulator's arguments for vLLM's; what stands in SIMULATOR_ARGUMENTS comes last, and so counts.
func translated(words []string) []string {
	if words[0] == "serve" {
		words = words[1:]
	}
	model := "model"
	var options []string
	for i := 0; i < len(words); {
		name, _, joined := strings.Cut(words[i], "=")
		until := i + 1
		for until < len(words) && !strings.HasPrefix(words[until], "--") {
			until++
		}
		if joined {
			until = i + 1
		}
		option := strings.TrimPrefix(name, "--")
		switch {
		case option == name:
			model, until = words[i], i+1
		case option == "model" && joined:
			model = strings.TrimPrefix(words[i], "--model=")
		case option == "model" && until > i+1:
			model = words[i+1]
		case understood[option]:
			options = append(options, words[i:until]...)
		default:
			fmt.Fprintln(os.Stderr, "vllm: the simulator doesn't know", strings.Join(words[i:until], " "))
		}
		i = until
	}
	fixed := []string{"--model=" + model, "--force-dummy-tokenizer"}
	return append(append(fixed, options...), strings.Fields(os.Getenv("SIMULATOR_ARGUMENTS"))...)
}
