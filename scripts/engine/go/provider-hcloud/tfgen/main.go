// Command tfgen writes schema.json and bridge-metadata.json, which the provider embeds: tfgen schema --out DIR
package main

import (
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfgen"

	"queuehost/engine/provider-hcloud/hcloud"
)

func main() {
	tfgen.MainWithMuxer("hcloud", hcloud.Provider([]byte("{}")))
}
