// Package config reads the settings from the environment: one struct, every
// mistake reported at once, secrets in a type that no log can print.
//
// Each setting NAME can also be given as NAME_FILE, the path of a file that holds
// the value (as Docker, Kubernetes and systemd hand secrets over). serve insists on
// every setting; demo chooses what is not set. What a school changes while the
// product runs (limits, texts, calendars) is no setting here but in package setting.
package config
