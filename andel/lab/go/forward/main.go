// SPDX-License-Identifier: MPL-2.0

// Command vllm of an image whose engines run outside the node: it hands every connection to the model's port on to the
// address that FORWARD_TO names for it (`ranking=10.128.0.1:9001 …`). The real vLLM takes gigabytes, too many for an image.
package main

import (
	"io"
	"log"
	"net"
	"os"
	"strings"
)

func main() {
	port, model := option("port"), option("served-model-name")
	target := ""
	for _, word := range strings.Fields(os.Getenv("FORWARD_TO")) {
		if name, address, _ := strings.Cut(word, "="); name == model {
			target = address
		}
	}
	if target == "" || port == "" {
		log.Fatalf("forward: FORWARD_TO=%q names no address for %q, which listens on port %q", os.Getenv("FORWARD_TO"), model, port)
	}
	listener, err := net.Listen("tcp", ":"+port)
	if err != nil {
		log.Fatal(err)
	}
	for {
		caller, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go forward(caller, target)
	}
}

// option is the value of one of vLLM's options, written `--name=value` or `--name value`.
func option(name string) string {
	for i, word := range os.Args {
		if value, found := strings.CutPrefix(word, "--"+name+"="); found {
			return value
		}
		if word == "--"+name && i+1 < len(os.Args) {
			return os.Args[i+1]
		}
	}
	return ""
}

func forward(caller net.Conn, target string) {
	defer caller.Close()
	engine, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer engine.Close()
	go func() {
		_, _ = io.Copy(engine, caller)
		_ = engine.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(caller, engine)
}
