// SPDX-License-Identifier: MPL-2.0

// Who reaches whom, on which ports, by NetworkPolicies: Cyclonus (v0.5.6), by whose word networks of clusters are
// tested, judges every connection of a list of pods. Reads one JSON object and writes another.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"slices"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const lastPort = 65535

// question is what is read: policies, namespaces by name with their labels, and who is there.
type question struct {
	Policies   []*networking.NetworkPolicy  `json:"policies"`
	Namespaces map[string]map[string]string `json:"namespaces"`
	Peers      []peer                       `json:"peers"`
}

// peer is a pod, or an address outside if it has no namespace.
type peer struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace"`
	Labels    map[string]string `json:"labels"`
	IP        string            `json:"ip"`
	Ports     map[string]int    `json:"ports"`
}

// reach is what is written: first and last of the ports that are open from one to another.
type reach struct {
	From     string   `json:"from"`
	To       string   `json:"to"`
	Protocol string   `json:"protocol"`
	Ports    [][2]int `json:"ports"`
}

func main() {
	var asked question
	decoder := json.NewDecoder(os.Stdin)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&asked); err != nil {
		log.Fatal(err)
	}
	found, err := judge(asked)
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		log.Fatal(err)
	}
}

func judge(asked question) ([]reach, error) {
	byNamespace := map[string][]*networking.NetworkPolicy{}
	for _, policy := range asked.Policies {
		if err := judgeable(policy); err != nil {
			return nil, err
		}
		if asked.Namespaces[policy.Namespace] == nil {
			return nil, fmt.Errorf("%s stands in %s, which is no namespace here", policy.Name, policy.Namespace)
		}
		byNamespace[policy.Namespace] = append(byNamespace[policy.Namespace], policy)
	}
	walls := map[string]*matcher.Policy{"": matcher.NewPolicy()}
	for name := range asked.Namespaces {
		walls[name] = matcher.BuildNetworkPolicies(false, byNamespace[name])
	}
	for _, one := range asked.Peers {
		if walls[one.Namespace] == nil {
			return nil, fmt.Errorf("%s stands in %s, which is no namespace here", one.Name, one.Namespace)
		}
	}
	firsts := boundaries(asked)
	found := []reach{}
	for _, from := range asked.Peers {
		for _, to := range asked.Peers {
			if from.Namespace == "" && to.Namespace == "" {
				continue
			}
			for _, protocol := range []core.Protocol{core.ProtocolTCP, core.ProtocolUDP, core.ProtocolSCTP} {
				open := ports(firsts, func(port int) bool { return allowed(walls, asked, from, to, port, protocol) })
				if len(open) > 0 {
					found = append(found, reach{from.Name, to.Name, string(protocol), open})
				}
			}
		}
	}
	return found, nil
}

// judgeable refuses what Cyclonus reads otherwise than the API server does, or would panic at.
func judgeable(policy *networking.NetworkPolicy) error {
	if policy.Namespace == "" || len(policy.Spec.PolicyTypes) == 0 {
		return fmt.Errorf("%s: a policy that the API server has not completed", policy.Name)
	}
	selectors := []*meta.LabelSelector{&policy.Spec.PodSelector}
	var peers []networking.NetworkPolicyPeer
	for _, rule := range policy.Spec.Ingress {
		peers = append(peers, rule.From...)
	}
	for _, rule := range policy.Spec.Egress {
		peers = append(peers, rule.To...)
	}
	for _, one := range peers {
		selectors = append(selectors, one.PodSelector, one.NamespaceSelector)
	}
	for _, selector := range selectors {
		if selector == nil {
			continue
		}
		for _, expression := range selector.MatchExpressions {
			if expression.Operator == meta.LabelSelectorOpNotIn {
				return fmt.Errorf("%s/%s: NotIn is not judged: Cyclonus takes it to want the label", policy.Namespace, policy.Name)
			}
		}
	}
	return nil
}

// boundaries are the ports at which an answer may change, so that one port stands for all up to the next boundary.
func boundaries(asked question) []int {
	found := []int{1}
	add := func(first, last int) { found = append(found, first, last+1) }
	listed := func(listed []networking.NetworkPolicyPort) {
		for _, one := range listed {
			if one.Port == nil {
				continue
			}
			last := one.Port.IntValue()
			if one.EndPort != nil {
				last = int(*one.EndPort)
			}
			add(one.Port.IntValue(), last)
		}
	}
	for _, policy := range asked.Policies {
		for _, rule := range policy.Spec.Ingress {
			listed(rule.Ports)
		}
		for _, rule := range policy.Spec.Egress {
			listed(rule.Ports)
		}
	}
	for _, one := range asked.Peers {
		for _, port := range one.Ports { // policies may call them by name
			add(port, port)
		}
	}
	slices.Sort(found)
	found = slices.Compact(found)
	return slices.DeleteFunc(found, func(port int) bool { return port < 1 || port > lastPort })
}

func ports(firsts []int, open func(int) bool) [][2]int {
	var found [][2]int
	for at, first := range firsts {
		if !open(first) {
			continue
		}
		last := lastPort
		if at+1 < len(firsts) {
			last = firsts[at+1] - 1
		}
		if end := len(found) - 1; end >= 0 && found[end][1]+1 == first {
			found[end][1] = last
			continue
		}
		found = append(found, [2]int{first, last})
	}
	return found
}

func allowed(walls map[string]*matcher.Policy, asked question, from, to peer, port int, protocol core.Protocol) bool {
	traffic := &matcher.Traffic{
		Source:       side(asked, from),
		Destination:  side(asked, to),
		ResolvedPort: port,
		Protocol:     protocol,
	}
	for name, number := range to.Ports {
		if number == port {
			traffic.ResolvedPortName = name
		}
	}
	// A policy speaks of pods of its own namespace alone: one side asks one namespace's.
	return walls[from.Namespace].IsIngressOrEgressAllowed(traffic, false).IsAllowed() &&
		walls[to.Namespace].IsIngressOrEgressAllowed(traffic, true).IsAllowed()
}

func side(asked question, one peer) *matcher.TrafficPeer {
	if one.Namespace == "" {
		return &matcher.TrafficPeer{IP: one.IP}
	}
	return &matcher.TrafficPeer{
		IP: one.IP,
		Internal: &matcher.InternalPeer{
			PodLabels:       one.Labels,
			NamespaceLabels: asked.Namespaces[one.Namespace],
			Namespace:       one.Namespace,
		},
	}
}
