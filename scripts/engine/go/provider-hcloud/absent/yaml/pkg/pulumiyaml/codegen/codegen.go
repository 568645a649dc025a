// Package codegen takes the place of Pulumi's YAML code generator, which the bridge links but no provider needs at
// run time, and which the module proxies don't hold at the version the bridge names.
package codegen

import (
	"errors"

	"github.com/hashicorp/hcl/v2"
	"github.com/pulumi/pulumi/pkg/v3/codegen/pcl"
)

// GenerateProgram always fails: this build of the provider converts no programs to YAML.
func GenerateProgram(_ *pcl.Program) (map[string][]byte, hcl.Diagnostics, error) {
	return nil, nil, errors.New("this build of the provider has no YAML code generator")
}
