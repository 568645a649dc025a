// Package hcloud describes Hetzner's Terraform provider to Pulumi's bridge. It is the description that Pulumi's own
// provider package has (github.com/pulumi/pulumi-hcloud, provider/resources.go, Apache-2.0), less what only
// the generators for other languages read, so that resources, tokens, ids and state are the same with either.
package hcloud

import (
	"context"

	"github.com/hetznercloud/terraform-provider-hcloud/hcloud"
	pfbridge "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Version is the provider's version, set by the linker: -X queuehost/engine/provider-hcloud/hcloud.Version=1.41.0
var Version = "0.0.0-unset"

// Provider returns the bridged provider. The metadata is what the generator writes and the provider reads: aliases, and
// which half of the muxed provider serves which resource. The generator starts from an empty JSON object.
func Provider(metadata []byte) tfbridge.ProviderInfo {
	info := tfbridge.ProviderInfo{
		P: pfbridge.MuxShimWithPF(context.Background(),
			shimv2.NewProvider(hcloud.Provider()), hcloud.NewPluginProvider()),
		Name:         "hcloud",
		Description:  "A Pulumi package for creating and managing hcloud cloud resources.",
		Keywords:     []string{"pulumi", "hcloud"},
		License:      "Apache-2.0",
		Homepage:     "https://pulumi.io",
		Repository:   "https://github.com/pulumi/pulumi-hcloud",
		GitHubOrg:    "hetznercloud",
		MetadataInfo: tfbridge.NewProviderMetadata(metadata),
		Version:      Version,
		Resources: map[string]*tfbridge.ResourceInfo{
			"hcloud_server": {PreCheckCallback: withAliasIPs},
		},
		JavaScript: &tfbridge.JavaScriptInfo{RespectSchemaVersion: true},
	}
	useStringIDs(&info)
	info.MustComputeTokens(tokens.SingleModule("hcloud_", "index", tokens.MakeStandard("hcloud")))
	info.MustApplyAutoAliases()
	info.SetAutonaming(255, "-")
	return info
}

// withAliasIPs gives each network of a server an empty list of alias addresses where it has none: without it the
// Terraform provider sees a change on every run (hetznercloud/terraform-provider-hcloud#650).
func withAliasIPs(_ context.Context, config, _ resource.PropertyMap) (resource.PropertyMap, error) {
	networks, ok := config["networks"]
	if !ok || !networks.IsArray() {
		return config, nil
	}
	for _, network := range networks.ArrayValue() {
		if !network.IsObject() {
			continue
		}
		if _, ok := network.ObjectValue()["aliasIps"]; !ok {
			network.ObjectValue()["aliasIps"] = resource.NewProperty([]resource.PropertyValue{})
		}
	}
	return config, nil
}

// useStringIDs declares ids as strings, which is what Pulumi's are, where the Terraform provider has numbers.
func useStringIDs(info *tfbridge.ProviderInfo) {
	info.P.ResourcesMap().Range(func(key string, value shim.Resource) bool {
		id, ok := value.Schema().GetOk("id")
		if !ok || id.Type() == shim.TypeString {
			return true
		}
		known := info.Resources[key]
		if known == nil {
			known = &tfbridge.ResourceInfo{}
			info.Resources[key] = known
		}
		if known.Fields == nil {
			known.Fields = make(map[string]*tfbridge.SchemaInfo, 1)
		}
		known.Fields["id"] = &tfbridge.SchemaInfo{Type: "string"}
		return true
	})
}
