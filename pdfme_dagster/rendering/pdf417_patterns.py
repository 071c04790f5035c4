"""The bars and gaps of the 929 codewords of PDF417 in each of its three clusters (ISO/IEC 15438, annex A).

Not here: which codewords a text becomes (pdf417.py).

The table was read off symbols of zint, whose codewords were known.
"""

from base64 import b64decode
from functools import cache

_CODEWORDS, _CLUSTERS, _INNER = 929, 3, 15


@cache
def load_patterns() -> tuple[tuple[str, ...], ...]:
    """Return, by cluster and codeword, 17 modules as a string of 0 and 1."""
    packed = b64decode(_PACKED)
    bits = f"{int.from_bytes(packed, 'big'):0{8 * len(packed)}b}"
    # All begin with a bar and end with a gap, so only what is between is kept.
    patterns = [
        f"1{bits[start : start + _INNER]}0" for start in range(0, _CLUSTERS * _CODEWORDS * _INNER, _INNER)
    ]
    return tuple(tuple(patterns[start : start + _CODEWORDS]) for start in range(0, len(patterns), _CODEWORDS))


_PACKED = (
    "1cHV49X2pw6nnqfqMGo4qGCggqDCgQrcGt4631Zw1nnWfWMFY4WGC7grvGu+XOFc81z644rjy94r3y88rz6++9fulw6XnpfpMGk4"
    "6T1Iw0jiQgpDGkOSCFIMSBFNw03nTfTMFM40zyYwpjmmPTDFMOTuFO8076c4pzyccpx6e8p76eeTx9Fg0XHReomGic6J6IgojGiO"
    "RCFEMRBCIERsFG40byMwozmjPRjFGORhiMGR3FHeRzlHPRxyPeoWGhc6F6EgoTGhOQiFCM0I6EIoQyEEoQaGwobmhvQzFDOQxlDH"
    "QwyGDod6HHQUFBY0FyCQoJmgnQRFBGQQlBDQQSDYQZiDGQKGgXoE1AjQIOVw5XnlflMGU45T0owyjnKPKEEoYKCEtwy3nLfLMEs4"
    "yzxYwljhYYLBhdwl3mXfLnEueLjhcOL3kvfLzxff2sHa49r20w7TntPtEG0Y7R1oQ2hnaHtBG0GksGS45L1tgkmGSc5J9sw2znbP"
    "bEBIQkhmSHbCFsMbBBNgk3GTebsBMwkzmTPbmFuc257cYJhjcMJ3Eneb3BOck57ect57eOJ7zfeJ57fP2WHZc9l9kg2THZOsiGyM"
    "7I9kI2Q1kEsgUiwyLnIvs2EiYyJzMgIiGzOyI7MQIhEiGZhFmGkQZECI2EjcyN7OwIzEjOZzFnOkY7OMIwxGDI7kjvZ7hHOZ5xHH"
    "Z47PvsUGxY7F1iQ2JnYnsRGxGsQmxDsQViBIUEhYyFzGgISEhMyE7GQsZmxnYxBCEkIbGEsYbGCIbEhuY7BDMkM7HMsc7HGIYbHD"
    "Y9zHnsKGws7C9hI2E1hE2EdhCsIJBQkFmQXYaBBIkEzDIsM0gjYYhBCYYRBBINjDsYczDj2C2wTsEMgWIEjBkYMTBhisGK44r0Uw"
    "xTgogijGKOFCEUMFBAoEFsEW4xbwswizmLPFjEWOFhgsGF3EXeFzkXPFxwveF5+aw5rnmvmkGaY5p00QzRnNHmhGaGmgmaDiWGJc"
    "4l82wiTGJONkAkQzZ2JHNiE2MiQxsIEghsEE2ETcxN5uwEzGbvNzE3OiY5uMEwxuGE7kTvN7gnON5wnHE95vv3UHdY9126Q7pnun"
    "3RHdG3QndD3QUygzLHMuu0EyQ7t3MnuyG7M7s92ImQmZDuwm7DmQIigiLGIuM0AiQiJmInd0BmQmZmZndyF3M3c8RDdxBmEmYbuE"
    "EQIjYiNxnYEZkRnd7BnMmc7vMu84jDM4YjuM9wjnd9xnn3KHcs9y+5I7k25E7ke5C3IMxQzFnMXuaExI7m9zI3M2YjuYkxCuYUxB"
    "uYIhQiFmIXMaAhIiEznQMZExmiEbnIucwhCc4hjCEIJjBENkQ3Mdghmc9hjmEMbnmMcYh3c++4o7i24k7ie4i3EMwozC1xomEmYT"
    "uMm4zuMUwhuMIgoiCxhoEEkQTcdBhkmGbjkuOYghccRhhccJh2cezjz7he4RzBcwSmCIgUMGjh0ECJgxhWAUghTAUQhRmFHChEKG"
    "CgkKDC2ELcwt4WYhZwWMhY4WGCwYXchd4XOC44XvjUGNY410aQxpkaIxo0aExocaCCUEJYwlw2gCSGNuwk42QjZmNnGxASEhIY2E"
    "jYYSBCbEJuG7ATMhM43Mjc43GCYYTuG9wTnG8+dQ51nnXzpHOmzonOjzoWdBjKGMsnaEZIxk07Izs2MjnYkZCnYUZBnYIRQhFgzQ"
    "CJGM3O6AzIjM0IjO5E7mCIR3EGYQRBGYIRshG4zsCMx3sGcwRjO8wzjCO4z3O+/eo963ek96fei70Oco5y29o723OT3snez3sWch"
    "3sMYoxi05ojEmMTvdE5kzmd7k3ucYhvcU5hvcIQohCwxoCEkITOdAxkjGb3oOck5zCEL3kveYxhe8QQ2GOwQzOewxze+xzze+feU"
    "95feS7yOcU5xe807ze8yziO8xjCmMLnGkYSvOk4yjCN5ynGN5xCCkILGGkYbOOgwyCCLz0OOQwxeeRxxeeIw7effeJ3jW8ZnDV46"
    "vHIwaOHTx6ePIKgBSEFMBRAKEBQQLYBZgLGBYYLuBc8NQhpGGmhomGjhoUNBBKEEsDaENsgkwbIhswbEhsYbCBIIbBBNkE3DdkN3"
    "DcwJjDcYJ3De+Oox0mOix0MMojtGO2wycdkx2cdihkMdhBFAZoBEkETHdAZkBEQ7kDMQIhHcQZhBGwZ2BGY72DOY7z56nPS56OOU"
    "z2nPbz2WORz2MMUwxcc0xzc90jmUMRnuUcxnuIIUghYY0hjY50DGQIRPeg5yDGJ7yHOIIbDHY57Pffvq99PPK77XPJ77OOKzzWOJ"
    "33WeZ33MMKjjUMJnnUcZvvXqw+rnUg9TH1O6iHqM+o/UI9Q3UE9QfUC62Hrc+t+sg6zHrO1iHWM9Y+sI6w2sE6wesC12HXc9d9cg"
    "1zHXOriGuM649cI1w1cE1wdcCr2Gvc6968grzGvOXiFeM1468Irwy8Erwa+wr7mvvXzFfOXxlfHXwy/cr96/OX4/Sg9LH0u6SHpM"
    "+k/SI9I3SE9IfSC6QOmg6bHpu0yHTM9M+mI6Y2mE6YemC0wNOg07HTupyGnM6c9OI041OE04dOCpwKegp7GnuTyFPM086eIp4yeE"
    "p4aeCT7FPuT5lPnT4yfDT9yfn6KHos+i/RI9E3RE9EfRC6IOjQ6Nno30ZHRm0YnRj0YWjBo6Gjs6O9HI0c1HE0cdHCo4KPQo9mj3"
    "R5FHmR4lHjR4SPBR9lH3R8yPjR+/Qo9C3Qk9CfQi6EOho6G2hk6Gehi0MNDo0O1Dk0OdDiocKHooeyHkoeaHiQ8KH2Q+fQU9BfQS"
    "6COg06Degy0GNB00HdByoOKD0oPaDyQePQK6BOga0DNA6oHPKg8rHyu5SHlM+U/KI8o3KE8ofKC5QOWg5bHluyyHLM8s+WI5Y2WE"
    "5YeWCywMugy7HLulyGXM5c8uIy40uEy4cuClwJegl7GXuLyEvMy85eIl4xeEl4ZeCL7EvuL5kvnL4xfDL9xfn9qH2sa/HtI+0zT8"
    "9on2jaP3tC9oPJQ8lnyX7aHJI+2/bI9s3kj7YnJC7YXJB7YOTQ5Nnk326GTI5M23I7c3Jj24mTC24WTB24MnQydnJ3t6EnIyc1vI"
    "282Tjt4knCt4UnBt4JPQk9mT3b6BPIk8zfIt80njb4hPCb4RPBJ9kn3b9hPmb8xPjb8ZP39lH2WZfnsk+ybJ+9kTI/9kPIo8i3Zo"
    "5EnkT7Mnsz7MXIh7MORo5G2zoyMnIz2cnZz2cWRh2cMjoyO1nokcmRzs8mzzs8Ujhs8JHokezPoI8kjzZ8lnzZ8RHhZ8JH2Z+xHz"
    "Z+fsU+xbF+9iTE/9iPIU8hfY09jfYy5CPYxyGnIb2OmQy2OWQx2OMh0yHdj02PdjykONjxIekh7Y+hDyY+RDxY+JD7Y/fsKYX/sJ"
    "5BXYa5BPYZyDWw6yDOw5kHVh6kHNh5IPTD6IPLD59gvIF7BuQN2DsgdsHvFQ8VnxX4pHim4onij4oXFBxaHFs8W+LI4s2LE4seLC"
    "xYMXQxdnF3i5GLmi4mLji4UXBF6EXsxe4vIi8wvEi8YvCF4Ivsi+4vmF8Yv381HzWNfnmk+aZp+80Ro/80PEo8S3No4kniT5snmz"
    "5sXEh5sOJo4m2boxMnEzzcnNzzcWJhzcMToxO03oicmJzm8mbzm8UThm8InoiexvoE8kTzN8k3zN8QnhN8In2N+wnzN+f3UdfF1+"
    "+6Tp8un/3RdHzof8ynzLMv3u0+7bt+Mn/uy8yLs/92PEU8RfM04iXd093fER7uXMx7uOI04jeZ0xGW70zOWIx3eWZx3eMR0xHcz0"
    "iOV30meURxu+Uzxu+Ij0iPZn0EeTv0M+Qjxd+Rnxd+Ij7M/f3Kcvly/+5Lk+cj/mKMX/ua8xLm/9zPEK5jXEJ7nXMZ7nOIazHWIZ"
    "3PWY53PMQ6mPUQ5ufUx5ufIh6MfQh5c/Rj5c/P3FcXzif8wvuN4gvMN7juINzDu49iDsw9uPog9MPrj9cL/Co8K3Ck8KfCi4UOFo"
    "4W2Fk4WeFiwsMLowu0LkwucLihcIXohewXkheYXiC8IX2C+fjU+NY1+8aQ0/8aPCU8JfG04SXGy4SPGxwmnCbxumEyxuWExxuMJ0"
    "wncb0hOUbyhOMbxCekJ7G+gTyG+QTxG+IT7G/fzqOvk6/+dJ0+Oj/jKGX/na8ZJ2/87PCK4zXCJ53XGZ53OEaxnWEZzvWM5zvMI6"
    "jPUI5nfUZ5nfIR6GfQR5O/Qz5O/L14vXz08vT70eeh/zlOX33te3xyfez/jF85vvd4QvGN5zve9whuMdznu99hDsY9nPt79CHox9"
    "Ofry8vL7yeeR5xfeb7xeeJ7wv4KnBS4KOC04LeCywWMF0wXcFyguIL0gvYLyBeIL78NQa/8NPBK4bXBJ4bOCaw3WCZw3ME6hvUE5"
    "hvIJ6DfQJ5DfPx1HXw6f8Mvjt4IvDN47uCNwzuO9gjsM9jvoI9DPo79PXk9fPTx6PHL57ffXF9efTl9PfRz6HPLz7ePJ77PfLl8v"
    "fJz5HPF75vfFz4nfC+BawLMC6gXIF6AvPBtwJuDdgTsG9AnoN9Dr49eHp59cn159OPo48vPt79Yv1z9Mv079GfoZ8uftx8nfs78s"
    "vy78mfkZ8Xfm78WfiYevH1w+nP1k/XP0x+jHy5+3Pyx+Tq+Gr8U8FT41PyjwqPmo/UPFQ+UHn1oW+Fb8+siz4rP31iWPlY/+sKw+"
    "9dH12Xfnrk+ua5+9cS4/9cPXo9e3Xk9efXi68Ovo6+2vk6+evi18Nfo1+1fk1+dfiS8FL40vyTwpPmk/SPFI+SHlIfSD300TfFN+"
    "+mSZ8pn/0xTHyYf9On07Tv3pyTn/px6enp76eXTx0+nT70+Wnxp+mn7p+VPxReFF80X6J4onyI8oj6IeRB/0aRvlG/+jKM+Rj/o6"
    "R3/o56PXR50fWj5o/VH5QvFC+QnlCfQjyEP+hqG+Qz/od6Huh9QXlBfQTyCPQb6BeQJ5XglfGV+KeEp8yn5R4lHxQ8lD5Qe+Whb4"
    "lv3yyLPks/+WJY+LD/l0+XZd+8uRc/8uPL08vfLy5eOX05feXyy+Mv0y/cvyl+Nrw2vna/acFp42nzRwtHm0faHFoeaDloPaBxLw"
    "kvmS/beBJ4knzZ4tn0kfbHhIebDxIPbB/yaJvkm/+3XyZbvhM++3Lc+Jj7cf8nRO/9vXk5b3/t55PXb65PPb5yfW36yfO35k/Un5"
    "ZcFl42XzJwsnmyfZHFkeZDlkPZBzIHIvEi+ZvBE8kT7M8sz7MeIh7MP+RpG++zrO+Iz7Of8jvs95HvZ9yPuz9kfrFwsXmxfYnFie"
    "YjliPYhzEHIXkhfY3hCeYzxCPYx5DfY77C4sLzCcsJ7COYQ5BeYbxBPYZ7BcsF7BOYI5AvYN7AuYE4rwivmK/FPEU+FHkUfFDwoP"
    "+LQt8i3/xZFnwsf8XQu/8XPF64vOL6xfMX6i/JrgmvGa+NOE08zT5o4mjxocmh5oONA4l4iXxt4EnkSfNnk2fNjwkPNh/xNE33zd"
    "N3wmfNz/id83vE95vuJ9zfsT9uuG687r7pgunG6edGF0c3R7oYuhzoMug7oGMuEy8zL7twMnEyednF2emR7scMhzsOMg7sHEXkRf"
    "M3gied3hmeER7ueMx7uPEb5nfd77lguXG5ecmFyc3J7kYuRzkMuQ7kGcgZi4mLzm4MTkxPczlzPcxxiHcw4heMbwhPc7xjPc57iw"
    "uLm4vcTFxOcRlxHcQziDMLkwvcbhhOcZxhHcY4gvMN7jvcLFwucJlwncIzhDMFzhuME7hncFlwXcEzgjMC7g3cCzgTCvEK+CnkKf"
    "CjwUPC3wWf8LvC9wvsL9GuEa8xr404jTw0cjR40OGg4S8hL428CTw2eCR42PCb43fOsE64zrx0wnTmdPOjE6OOhk6HOgx0DGXEZe"
    "O3AycjJ52cGRx2OGQ52HCLwzeCJ53eGZ53PvWG9c7170gvTG9OeiF6M3o70IvQz0EvQb0COWE5czl72wOTE5OezF7OnI72MOQz2G"
    "OQb2DGLkYvObgxOe7hzOGI73OOY73HCF4xvOd73veUF5Y3lzyQvJm8neRF5GeQl5DeQTyBOLE4uebBxMnE7zMvM7zGOIbzDGFxxu"
    "GE7zuOM7zneKF4s3i7xIvEzxEvEbxCeIJwsnC7xsOEzxmOEbxjGC5w3eO7wovCzwkvCbwieEJwWeGxwTeGbwUvBbwSeCJwLeDYK8"
    "gr4KeBR4LfDXENeDTkNPDRwaHBLwbeBJ4bPHWEdcx146Yjpw6Mjo46GHQYZchl47cDJw7ODI47HBF4ZvHd56gnrGeuPSE9Mz056I"
    "nox6EnoZ6CPQI5Yjlx7YHJkcnPZk9nPYw5DPYYYuHNwYnPdw5nPc99Q31nfXvpG+mvom+jvoV9BPKE8szy77QPJE8mfZF9mnkb7E"
    "PIT7CPIL7BHFkcXPNg4mfdh5mHEb7mPMb7jDC443PO773vlG+Wvkm+TvkV8hPFE8WfNB4knib5kvmb5iPEL5hHCx42HCb52PGb5z"
    "vim+LviV8RPCk8LfGh4SfGR4RfGI4LPDb47vhV8JPBT4aPBL4ZArwFPBrkGvBpwNHAl4NvDrEOuDpkOnDowdDBlwduBk4dnHqEes"
    "x649Ij0w9Ej0Y9CHoIcshy49sj249mDkY9jBi4c3Hu8+oz60+kz6c+in0I8ojyx9on20eTPsg8iPsQ8hPsIcWHmwcTPuw8zPue/U"
    "79e/S36M+Uz5d+0nyV+ynyN+xHikeLPmg8Sfuh8yHiL9yPmL9xDhY8bPnb9735W/JnxV+anxN+ZHhR8aHhL86PjL8534s+Fvxo8F"
    "Phr8dA1wGnB1kHXB0wOjAy4O3D1EPWD0kPTD0QehBywe2ByYezj6mPrj6UfRDykPLH2kfbH2QeRH2IOLDzY+7z9Wfpj5U/aj5M/Z"
    "DxQ+aDxJ+6HzJ+5z8sfFn5oeFHxp+dA6wHTB6kHrB6QPRA5YPbh9UPpB5QfaB5IfZx+o"
)
