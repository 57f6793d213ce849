// Command xuegong is a university's student-affairs office inside WeCom.
package main

import (
	"os"

	"github.com/xuegong/xuegong/internal/app"
)

// version is set when the program is built.
var version = "dev"

func main() {
	os.Exit(app.Main(os.Args[1:], os.Environ(), os.Stdout, os.Stderr, version))
}
