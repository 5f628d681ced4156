"""A REST API's own domain name, and its address record if Route 53 keeps the zone."""

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as route53_targets
from constructs import Construct


class ApiDomain(Construct):
    """Puts the API's stage at the root of the domain, with TLS 1.2 and later."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        certificate_arn: str,
        api: apigateway.RestApi,
        hosted_zone: tuple[str, str] | None = None,
    ) -> None:
        """The certificate is one of ACM in the API's Region. hosted_zone: id and name of the zone; None makes no
        record."""
        super().__init__(scope, id_)
        self.url = f"https://{name}/"
        domain = apigateway.DomainName(
            self,
            "Name",
            domain_name=name,
            certificate=acm.Certificate.from_certificate_arn(self, "Certificate", certificate_arn),
            endpoint_type=apigateway.EndpointType.REGIONAL,
            security_policy=apigateway.SecurityPolicy.TLS_1_2,
            mapping=api,
        )
        #: The value of the name's CNAME record.
        self.target = domain.domain_name_alias_domain_name
        if hosted_zone:
            zone_id, zone_name = hosted_zone
            route53.ARecord(
                self,
                "Record",
                zone=route53.HostedZone.from_hosted_zone_attributes(
                    self, "Zone", hosted_zone_id=zone_id, zone_name=zone_name
                ),
                record_name=name,
                target=route53.RecordTarget.from_alias(route53_targets.ApiGatewayDomain(domain)),
            )
