// SPDX-License-Identifier: MPL-2.0

// Command pause does nothing, for as long as it is asked to: it holds the namespaces of a pod, or of a whole node,
// and buries the processes that were left without a parent in them.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for received := range signals {
		if received != syscall.SIGCHLD {
			return
		}
		for {
			if child, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err == syscall.EINTR {
				continue
			} else if err != nil || child <= 0 {
				break
			}
		}
	}
}
