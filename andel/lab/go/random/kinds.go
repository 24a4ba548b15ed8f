// SPDX-License-Identifier: MPL-2.0

package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// special are the special characters by default (source: terraform-provider-random, string resources).
const special = "!@#$%&*()-_=+[]{}<>:?"

// values are inputs.
type values struct{ resource.PropertyMap }

func (v values) number(name string, otherwise int) int {
	if value := v.PropertyMap[resource.PropertyKey(name)]; value.IsNumber() {
		return int(value.NumberValue())
	}
	return otherwise
}

func (v values) text(name, otherwise string) string {
	if value := v.PropertyMap[resource.PropertyKey(name)]; value.IsString() && value.StringValue() != "" {
		return value.StringValue()
	}
	return otherwise
}

func (v values) allows(name string) bool {
	value := v.PropertyMap[resource.PropertyKey(name)]
	return !value.IsBool() || value.BoolValue()
}

// made says how a kind is made, and whether its outputs are secret.
type made struct {
	create func(values) (id string, outputs map[string]any, err error)
	secret bool
}

var kinds = map[string]made{
	"random:index/randomPassword:RandomPassword": {password, true},
	"random:index/randomBytes:RandomBytes":       {bytes, true},
	"random:index/randomString:RandomString":     {line, false},
	"random:index/randomId:RandomId":             {id, false},
	"random:index/randomUuid:RandomUuid":         {uuid, false},
	"random:index/randomInteger:RandomInteger":   {integer, false},
}

// below draws a number from zero to one less than a limit.
func below(limit int) int {
	drawn, err := rand.Int(rand.Reader, big.NewInt(int64(limit)))
	if err != nil {
		panic(err) // the kernel has no randomness to give
	}
	return int(drawn.Int64())
}

func drawn(length int) []byte {
	value := make([]byte, length)
	rand.Read(value) // never fails since Go 1.24
	return value
}

// characters are those of the classes that are asked for, with the least number of each.
func characters(inputs values) (string, error) {
	classes := []struct{ name, least, letters string }{
		{"lower", "minLower", "abcdefghijklmnopqrstuvwxyz"},
		{"upper", "minUpper", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
		{"numeric", "minNumeric", "0123456789"},
		{"special", "minSpecial", inputs.text("overrideSpecial", special)},
	}
	var all, chosen string
	for _, class := range classes {
		if !inputs.allows(class.name) {
			continue
		}
		all += class.letters
		for range inputs.number(class.least, 0) {
			chosen += string(class.letters[below(len(class.letters))])
		}
	}
	length := inputs.number("length", 0)
	if all == "" {
		return "", errors.New("no class of characters is allowed")
	}
	if len(chosen) > length {
		return "", errors.New("length is less than the least numbers of characters together")
	}
	for len(chosen) < length {
		chosen += string(all[below(len(all))])
	}
	shuffled := []byte(chosen)
	for at := len(shuffled) - 1; at > 0; at-- {
		other := below(at + 1)
		shuffled[at], shuffled[other] = shuffled[other], shuffled[at]
	}
	return string(shuffled), nil
}

func password(inputs values) (string, map[string]any, error) {
	result, err := characters(inputs)
	return "none", map[string]any{"result": result}, err
}

func line(inputs values) (string, map[string]any, error) {
	result, err := characters(inputs)
	return result, map[string]any{"result": result}, err
}

func id(inputs values) (string, map[string]any, error) {
	value := drawn(inputs.number("byteLength", 0))
	prefix, url := inputs.text("prefix", ""), base64.RawURLEncoding.EncodeToString(value)
	return url, map[string]any{
		"b64Url": prefix + url,
		"b64Std": prefix + base64.StdEncoding.EncodeToString(value),
		"hex":    prefix + hex.EncodeToString(value),
		"dec":    prefix + new(big.Int).SetBytes(value).String(),
	}, nil
}

func bytes(inputs values) (string, map[string]any, error) {
	value := drawn(inputs.number("length", 0))
	return "none", map[string]any{
		"base64": base64.StdEncoding.EncodeToString(value),
		"hex":    hex.EncodeToString(value),
	}, nil
}

func uuid(values) (string, map[string]any, error) {
	value := drawn(16)
	value[6], value[8] = value[6]&0x0f|0x40, value[8]&0x3f|0x80 // version 4, RFC 9562
	result := fmt.Sprintf("%x-%x-%x-%x-%x", value[:4], value[4:6], value[6:8], value[8:10], value[10:])
	return result, map[string]any{"result": result}, nil
}

func integer(inputs values) (string, map[string]any, error) {
	low, high := inputs.number("min", 0), inputs.number("max", 0)
	if high < low {
		return "", nil, errors.New("max is less than min")
	}
	result := low + below(high-low+1)
	return fmt.Sprint(result), map[string]any{"result": float64(result)}, nil
}
