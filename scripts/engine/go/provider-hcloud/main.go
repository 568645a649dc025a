// Command pulumi-resource-hcloud is the provider plugin: it serves Hetzner's Terraform provider to the Pulumi engine.
// Both embedded files are written by tfgen just before this is built; they aren't kept.
package main

import (
	"context"
	_ "embed"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"

	"queuehost/engine/provider-hcloud/hcloud"
)

//go:embed schema.json
var schema []byte

//go:embed bridge-metadata.json
var metadata []byte

func main() {
	tfbridge.MainWithMuxer(context.Background(), "hcloud", hcloud.Provider(metadata), schema)
}
