# What `tofu.sh` applies. Put the standby of your own here: a deployment with provisioned capacity, a machine with a model of your own, a second region.
terraform {
  required_version = ">= 1.6"
}

resource "terraform_data" "standby" {
  input = "replace this by what serves when the primary does not"
}
