// Stands in for the part of Toxiproxy's own API tests that starts a server: they ask the one in LIFEBOAT_API instead, which may be anybody's.
// What they create is removed before and after each of them.

package toxiproxy_test

import (
	"os"
	"testing"
)

func WithServer(t *testing.T, test func(string)) {
	clear := func() {
		proxies, err := client.Proxies()
		if err != nil {
			t.Fatal("the server does not list its proxies:", err)
		}
		for _, proxy := range proxies {
			if err := proxy.Delete(); err != nil {
				t.Error("a proxy cannot be removed:", err)
			}
		}
	}
	clear()
	defer clear()
	test("http://" + os.Getenv("LIFEBOAT_API"))
}
