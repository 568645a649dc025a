//go:build tools

// Package languagenodejs pins Pulumi's language host for Node.js, which is built from here unchanged.
package languagenodejs

import _ "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs"
