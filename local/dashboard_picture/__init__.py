"""The stage's dashboard as a picture, from the synthesized body and recorded metrics, without CloudWatch."""
