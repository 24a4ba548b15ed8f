// SPDX-License-Identifier: MPL-2.0

// Command random stands in for pulumi-resource-random in the lab, whose own module can't be had: the kinds that make
// keys. What is made, and when it is made anew, follows the real provider: any changed input replaces. `bcryptHash` is
// left out.
package main

import (
	"context"
	"fmt"
	"os"
	"sort"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// version is that of the provider that this one stands in for.
var version = "0.0.0"

// keep leaves secrets and unknown values what they are.
var keep = plugin.MarshalOptions{KeepSecrets: true, KeepUnknowns: true}

// provider makes a value once and keeps it until an input changes.
type provider struct {
	pulumirpc.UnimplementedResourceProviderServer
}

func main() {
	serving, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterResourceProviderServer(server, provider{})
			return nil
		},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(serving.Port) // where the engine, which started us and will end us, finds us
	if err := <-serving.Done; err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (provider) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version}, nil
}

func (provider) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	return &pulumirpc.GetSchemaResponse{Schema: `{"name": "random"}`}, nil
}

func (provider) CheckConfig(_ context.Context, request *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: request.GetNews()}, nil
}

func (provider) DiffConfig(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
}

func (provider) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true}, nil
}

func (provider) Check(_ context.Context, request *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	if _, known := kinds[kind(request.GetUrn())]; known {
		return &pulumirpc.CheckResponse{Inputs: request.GetNews()}, nil
	}
	names := make([]string, 0, len(kinds))
	for name := range kinds {
		names = append(names, name[strings.LastIndex(name, ":")+1:])
	}
	sort.Strings(names)
	reason := fmt.Sprintf("the lab makes %s; use an official engine", strings.Join(names, ", "))
	return &pulumirpc.CheckResponse{Failures: []*pulumirpc.CheckFailure{{Property: "type", Reason: reason}}}, nil
}

func (provider) Diff(_ context.Context, request *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	old, err := plugin.UnmarshalProperties(request.GetOldInputs(), plugin.MarshalOptions{KeepUnknowns: true})
	if err != nil {
		return nil, err
	}
	new, err := plugin.UnmarshalProperties(request.GetNews(), plugin.MarshalOptions{KeepUnknowns: true})
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, properties := range []resource.PropertyMap{old, new} {
		for name := range properties {
			names[string(name)] = true
		}
	}
	var changed []string
	for name := range names {
		key := resource.PropertyKey(name)
		if !old[key].DeepEquals(new[key]) {
			changed = append(changed, name)
		}
	}
	sort.Strings(changed)
	if len(changed) == 0 {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
	}
	return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_SOME, Replaces: changed, Diffs: changed}, nil
}

func (provider) Create(_ context.Context, request *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	if request.GetPreview() {
		return &pulumirpc.CreateResponse{Properties: request.GetProperties()}, nil
	}
	inputs, err := plugin.UnmarshalProperties(request.GetProperties(), plugin.MarshalOptions{})
	if err != nil {
		return nil, err
	}
	of := kinds[kind(request.GetUrn())]
	id, outputs, err := of.create(values{inputs})
	if err != nil {
		return nil, err
	}
	properties, err := plugin.UnmarshalProperties(request.GetProperties(), keep)
	if err != nil {
		return nil, err
	}
	for name, value := range outputs {
		output := resource.NewPropertyValue(value)
		if of.secret {
			output = resource.MakeSecret(output)
		}
		properties[resource.PropertyKey(name)] = output
	}
	state, err := plugin.MarshalProperties(properties, keep)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CreateResponse{Id: id, Properties: state}, nil
}

func (provider) Read(_ context.Context, request *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	return &pulumirpc.ReadResponse{
		Id: request.GetId(), Properties: request.GetProperties(), Inputs: request.GetInputs(),
	}, nil
}

// Delete has nothing to do: nothing stands anywhere.
func (provider) Delete(context.Context, *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (provider) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// kind is the type in a URN, without those of its parents that stand before it.
func kind(urn string) string {
	return string(resource.URN(urn).Type())
}
