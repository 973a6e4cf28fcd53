"""Upload of a folder to a bucket of the S3 test server, which loses its objects when it stops.

    python fill_s3.py <folder> <bucket>

The variables of `s3.env` have the endpoint and the credentials.
"""

import os
import sys
from pathlib import Path

from botocore.session import Session


def main() -> None:
    """Create the bucket and upload every file under its relative path."""
    folder, bucket = Path(sys.argv[1]), sys.argv[2]
    store = Session().create_client("s3", endpoint_url=os.environ["CDP_ETL_OBJECT_STORE_ENDPOINT"])
    store.create_bucket(Bucket=bucket)
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    for path in files:
        store.put_object(Bucket=bucket, Key=path.relative_to(folder).as_posix(), Body=path.read_bytes())
    print(f"{len(files)} files uploaded to s3://{bucket}")


if __name__ == "__main__":
    main()
