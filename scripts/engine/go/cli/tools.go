//go:build tools

// Package cli pins the Pulumi command line, which is built from here unchanged.
package cli

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
